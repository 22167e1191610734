#!lua flags=allow-oom
-- Turns all accepted entries into suspects: the key was bad by the next time that somebody asked.
-- KEYS[1] accepted entries   KEYS[2] suspects (sorted sets: "<id> <job data>" by when it was accepted)   KEYS[3] usage hash
-- Returns how many events are suspect from now on: {kept, and so can be sent again; not kept}.
local function take(field)
  local value = tonumber(redis.call('HGET', KEYS[3], field) or 0)
  redis.call('HDEL', KEYS[3], field)
  return value
end
local events, bytes, unkept = take('accepted:events'), take('accepted:bytes'), take('accepted:unkept')
redis.call('HINCRBY', KEYS[3], 'suspect:events', events)
redis.call('HINCRBY', KEYS[3], 'suspect:bytes', bytes)
redis.call('HINCRBY', KEYS[3], 'suspect:unkept', unkept)
redis.call('ZUNIONSTORE', KEYS[2], 2, KEYS[2], KEYS[1])
redis.call('DEL', KEYS[1])
return { events, unkept }
