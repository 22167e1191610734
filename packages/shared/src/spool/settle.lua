#!lua flags=allow-oom
-- Ends a done job: removes its entry, and counts what became of its events exactly once. The mark `counted` in a job's
-- own hash decides, so that a second call, or the sweeper's, changes nothing. Runs out of memory too: it makes room.
-- KEYS[1] entry   KEYS[2] index   KEYS[3] usage hash   KEYS[4] tally hash   KEYS[5] hash of the job that is done
-- KEYS[6...] hashes of the other jobs that may own the entry
-- ARGV[1] id   then pairs: tally field, count
-- Returns 1 when this call counted.
removeEntry(KEYS[1], KEYS[2], KEYS[3], ARGV[1])
if redis.call('EXISTS', KEYS[5]) == 0 then return 0 end
for i = 5, #KEYS do
  if redis.call('HEXISTS', KEYS[i], 'counted') == 1 then return 0 end
end
redis.call('HSET', KEYS[5], 'counted', '1')
for i = 2, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[4], ARGV[i], ARGV[i + 1])
end
return 1
