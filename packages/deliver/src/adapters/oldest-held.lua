#!lua flags=no-writes,allow-oom
-- The oldest dead letter of many queues. KEYS: for each, as BullMQ names them, active and wait, from whose right end
-- it takes: one in hand is at least as old as all that wait. Answers for each: the job's id; false, there is none; or, in a
-- list, why that queue cannot be read, which is no matter of the others.
local oldest = {}
for first = 1, #KEYS, 2 do
  local id = redis.pcall('LINDEX', KEYS[first], -1) or redis.pcall('LINDEX', KEYS[first + 1], -1)
  oldest[#oldest + 1] = type(id) == 'table' and { id.err } or id
end
return oldest
