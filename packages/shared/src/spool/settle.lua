-- Ends a done job: removes its payload, and counts what became of its events exactly once (the mark `counted` in
-- the job's own hash decides, so a second call, or the sweeper's, changes nothing).
-- KEYS[1] entry   KEYS[2] index   KEYS[3] usage hash   KEYS[4] tally hash   KEYS[5] the job's hash
-- ARGV[1] id   ARGV[2] queue kind   then pairs: tally field, count
-- Returns 1 when this call counted.
local size = redis.call('STRLEN', KEYS[1])
if size > 0 then
  local events = struct.unpack('<I4', redis.call('GETRANGE', KEYS[1], 1, 4))
  redis.call('UNLINK', KEYS[1])
  redis.call('HINCRBY', KEYS[3], 'bytes', -size)
  redis.call('HINCRBY', KEYS[3], 'events:' .. ARGV[2], -events)
end
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[5]) == 0 or redis.call('HSETNX', KEYS[5], 'counted', '1') == 0 then return 0 end
for i = 3, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[4], ARGV[i], ARGV[i + 1])
end
return 1
