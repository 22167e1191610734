#!lua flags=allow-oom
-- Ends a job that waits, for an operator: takes it out of its queue, leaves it as a done and counted one (so that
-- nobody adds it again), removes its entry and counts what became of its events; all of it, or nothing.
-- KEYS[1] entry   KEYS[2] spool index   KEYS[3] usage hash   KEYS[4] tally hash   KEYS[5] ids that are being archived
-- KEYS[6] the queue's waiting jobs   KEYS[7] its done jobs   KEYS[8] the job's hash
-- KEYS[9...] hashes of the other jobs that may own the entry
-- ARGV[1] id   ARGV[2] the queue's letter   ARGV[3] the job's data as the caller read it   ARGV[4] now (UNIX ms)
-- ARGV[5] the job's return value   ARGV[6] how long done jobs stay (ms)   then pairs: tally field, count
-- Returns 1 when this call ended it; 0 when a worker has it, when it is gone or has changed.
local letter = redis.call('GETRANGE', KEYS[1], 0, 0)
if letter ~= '' and letter ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[8], 'data') ~= ARGV[3] then return 0 end
for i = 8, #KEYS do
  if redis.call('HEXISTS', KEYS[i], 'counted') == 1 then return 0 end
end
-- The oldest, which is taken first, is on the right.
if redis.call('LREM', KEYS[6], -1, ARGV[1]) == 0 then return 0 end

removeEntry(KEYS[1], KEYS[2], KEYS[3], ARGV[1])
redis.call('HSET', KEYS[8], 'counted', '1', 'returnvalue', ARGV[5], 'finishedOn', ARGV[4])
redis.call('ZADD', KEYS[7], ARGV[4], ARGV[1])
redis.call('SREM', KEYS[5], ARGV[1])
for i = 7, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[4], ARGV[i], ARGV[i + 1])
end

-- A queue without workers has nobody else who removes what was done long ago.
local prefix = string.sub(KEYS[8], 1, -#ARGV[1] - 1)
for _, old in ipairs(redis.call('ZRANGE', KEYS[7], '-inf', ARGV[4] - ARGV[6], 'BYSCORE', 'LIMIT', 0, 10)) do
  redis.call('UNLINK', prefix .. old)
  redis.call('ZREM', KEYS[7], old)
end
return 1
