#!lua flags=no-writes,allow-oom
-- Reads in one step all that gauges tell of one workspace. The cost does not depend on the backlog: lists by their
-- ends only.
-- KEYS[1] tally [2] usage [3] schema counts [4] source faults (hashes) [5] outage (string) [6] rate (hash)
-- ARGV: the queues, as the beginning of their keys.
-- Returns {hash 1 .. hash 4, each as field, value, ...; outage; rate's notBefore; for each queue: jobs, {data, ...}}.

-- BullMQ takes from the right end; the order of landing is nearly, but not quite, the order there.
local next_waiting = 5
-- More are in hand at a time only with very many pods; then the age of the oldest is nearly right.
local in_hand = 50
local next_delayed = 5

local answer = {}
for hash = 1, 4 do
  answer[hash] = redis.call('HGETALL', KEYS[hash])
end
answer[5] = redis.call('GET', KEYS[5])
answer[6] = redis.call('HGET', KEYS[6], 'notBefore')
for _, queue in ipairs(ARGV) do
  local jobs = redis.call('LLEN', queue .. 'wait') + redis.call('LLEN', queue .. 'active')
    + redis.call('ZCARD', queue .. 'delayed') + redis.call('ZCARD', queue .. 'prioritized')
  local data = {}
  if jobs > 0 then
    for _, ids in ipairs({
      redis.call('LRANGE', queue .. 'wait', -next_waiting, -1),
      redis.call('LRANGE', queue .. 'active', 0, in_hand - 1),
      redis.call('ZRANGE', queue .. 'delayed', 0, next_delayed - 1),
    }) do
      for _, id in ipairs(ids) do
        data[#data + 1] = redis.call('HGET', queue .. id, 'data') or nil
      end
    end
  end
  answer[#answer + 1] = jobs
  answer[#answer + 1] = data
end
return answer
