-- Lets nobody of the group send for a while; of two waits the one that ends later counts.
-- KEYS[1] the group's hash (see take.lua)
-- ARGV[1] now (UNIX ms; -1: Redis TIME)   [2] how long (ms)   [3] expiry when idle (ms)
-- Returns nothing.
local key, now, after, idle = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if now < 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + time[2] / 1000
end
local until_ = now + after
local function field(name) return tonumber(redis.call('HGET', key, name) or '') or 0 end
-- Further ahead than it was when it was set it is only if the clock was set back.
if until_ > math.min(field('notBefore'), now + field('waitMs')) then
  redis.call('HSET', key, 'notBefore', until_, 'waitMs', after)
  redis.call('PEXPIRE', key, math.max(redis.call('PTTL', key), math.ceil(after) + idle))
end
