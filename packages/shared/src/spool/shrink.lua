#!lua flags=allow-oom
-- Writes an entry anew in fewer bytes: the same content, compressed harder. Runs out of memory too, as it makes room.
-- KEYS[1] entry   KEYS[2] usage hash
-- ARGV[1] the length it must have still   ARGV[2] its new first part, whose head it must have still   ARGV[3] the rest
-- Returns 1 when this call did it.
local size = sizeOf(KEYS[1])
if size ~= tonumber(ARGV[1]) or redis.call('GETRANGE', KEYS[1], 0, 4) ~= string.sub(ARGV[2], 1, 5) then return 0 end
writeEntry(KEYS[1], ARGV[2], ARGV[3])
redis.call('HINCRBY', KEYS[2], 'bytes', #ARGV[2] + #ARGV[3] - size)
return 1
