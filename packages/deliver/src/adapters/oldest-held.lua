#!lua flags=no-writes,allow-oom
-- The oldest dead letter of many queues. KEYS: for each, as BullMQ names them, active and wait, from whose right end
-- it takes: one in hand is at least as old as all that wait. Answers for each: the job's id, or false.
local oldest = {}
for first = 1, #KEYS, 2 do
  oldest[#oldest + 1] = redis.call('LINDEX', KEYS[first], -1) or redis.call('LINDEX', KEYS[first + 1], -1)
end
return oldest
