#!lua flags=allow-oom
-- Ends a done job: removes its entry, or keeps it with the accepted ones, and counts what became of its events exactly
-- once. The mark `counted` in a job's own hash decides, so that a second call, or the sweeper's, changes nothing. Runs
-- out of memory too: mostly it makes room, and what it keeps is bounded.
-- KEYS[1] entry   KEYS[2] index   KEYS[3] usage hash   KEYS[4] tally hash   KEYS[5] accepted entries (sorted set)
-- KEYS[6] ids that are being archived   KEYS[7] hash of the job that is done
-- KEYS[8...] hashes of the other jobs that may own the entry
-- ARGV[1] id   ARGV[2] bytes of accepted entries up to which this one is kept; 0: it is removed
-- ARGV[3] '1': it has ended by being archived   then pairs: tally field, count
-- Returns 1 when this call counted.
local isCounted = false
for i = 7, #KEYS do
  isCounted = isCounted or redis.call('HEXISTS', KEYS[i], 'counted') == 1
end
local keep = tonumber(ARGV[2])
if keep > 0 and not isCounted then
  keepEntry(KEYS[1], KEYS[2], KEYS[3], KEYS[5], { id = ARGV[1], maxBytes = keep, data = redis.call('HGET', KEYS[7], 'data') })
elseif redis.call('GETRANGE', KEYS[1], 0, 0) ~= 'a' then
  removeEntry(KEYS[1], KEYS[2], KEYS[3], ARGV[1])
end
if isCounted or redis.call('EXISTS', KEYS[7]) == 0 then return 0 end
redis.call('HSET', KEYS[7], 'counted', '1')
if ARGV[3] == '1' then redis.call('SREM', KEYS[6], ARGV[1]) end
for i = 4, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[4], ARGV[i], ARGV[i + 1])
end
return 1
