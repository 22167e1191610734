#!lua flags=no-writes,allow-oom
-- Looks at many queues at once. For each of them five keys, as BullMQ names them:
-- active, stalled, wait, prioritized, delayed. ARGV: UNIX ms.
-- Answers for each: 1, jobs are in hand or were; plus 2, jobs wait for a worker.
local scale = 4096 -- of BullMQ's scores of delayed jobs
local looks = {}
for first = 1, #KEYS, 5 do
  local look = redis.call('EXISTS', KEYS[first], KEYS[first + 1]) > 0 and 1 or 0
  local due = redis.call('ZRANGE', KEYS[first + 4], 0, 0, 'WITHSCORES')[2]
  if redis.call('EXISTS', KEYS[first + 2], KEYS[first + 3]) > 0 or (due and due / scale <= tonumber(ARGV[1])) then
    look = look + 2
  end
  looks[#looks + 1] = look
end
return looks
