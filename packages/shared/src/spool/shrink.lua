#!lua flags=allow-oom
-- Writes an entry anew in fewer bytes: the same content, compressed harder. Runs out of memory too, as it makes room.
-- KEYS[1] entry   KEYS[2] usage hash
-- ARGV[1] the length it must have still   ARGV[2] the new bytes, whose head it must have still
-- Returns 1 when this call did it.
local size = redis.call('STRLEN', KEYS[1])
if size ~= tonumber(ARGV[1]) or redis.call('GETRANGE', KEYS[1], 0, 4) ~= string.sub(ARGV[2], 1, 5) then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('HINCRBY', KEYS[2], 'bytes', #ARGV[2] - size)
return 1
