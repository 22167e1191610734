#!lua flags=allow-oom
-- Lets no worker take a job of this queue for a while. Of two such waits the one that ends later counts.
-- BullMQ heeds the limiter only where the queue has a limit, so it gets one that is none.
-- KEYS[1] BullMQ's meta hash of the queue   KEYS[2] BullMQ's limiter of the queue: jobs taken in this period
-- ARGV[1] how long (ms)   ARGV[2] more jobs than are ever taken in a second
redis.call('HSET', KEYS[1], 'max', ARGV[2], 'duration', '1000')
local isPaused = tonumber(redis.call('GET', KEYS[2]) or '0') >= tonumber(ARGV[2])
if isPaused and redis.call('PTTL', KEYS[2]) >= tonumber(ARGV[1]) then return end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[1])
