-- Puts another content in place of a quarantine entry's, and counts what left it; all of it, or nothing.
-- KEYS[1] entry   KEYS[2] usage hash   KEYS[3] tally hash   KEYS[4] the job's hash
-- ARGV[1] the job's data as the caller read it   ARGV[2] its new data   ARGV[3] the new entry's first part
-- ARGV[4] the rest of it   then pairs: tally field, count
-- Returns 1 when this call did it; 0 when the entry is gone or has changed.
if redis.call('HGET', KEYS[4], 'data') ~= ARGV[1] or redis.call('HEXISTS', KEYS[4], 'counted') == 1 then return 0 end
local size = sizeOf(KEYS[1])
if size == 0 then return 0 end
local letter, before = readHead(redis.call('GETRANGE', KEYS[1], 0, 4))
local _, after = readHead(ARGV[3])
writeEntry(KEYS[1], ARGV[3], ARGV[4])
redis.call('HINCRBY', KEYS[2], 'bytes', #ARGV[3] + #ARGV[4] - size)
redis.call('HINCRBY', KEYS[2], 'events:' .. letter, after - before)
redis.call('HSET', KEYS[4], 'data', ARGV[2])
for i = 5, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1])
end
return 1
