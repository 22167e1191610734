#!lua flags=allow-oom
-- Says that a process of some stages is there, and counts those that said so lately, by the clock of Redis. A full
-- Redis must not make the workers look gone.
-- KEYS one sorted set for each stage: process -> when it last said so (UNIX ms)
-- ARGV[1] process   [2] for how long its word counts (ms)   then for each key: 1 it is there, 0 it is not
-- Returns how many are there, in the order of the keys.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local counts = {}
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - ARGV[2])
  if ARGV[2 + i] == '1' then redis.call('ZADD', key, now, ARGV[1]) else redis.call('ZREM', key, ARGV[1]) end
  counts[i] = redis.call('ZCARD', key)
end
return counts
