#!lua flags=no-writes,allow-oom
-- Reads what a workspace's status is made of in one step: between two commands a job may come to its end, and the
-- counters would not add up. (MULTI would do, but Redis refuses it while its memory is full.)
-- KEYS[1] tally hash   KEYS[2] usage hash   KEYS[3] files waiting (list)   [4] in hand (list)   [5] delayed, [6] read again (sorted sets)
-- KEYS[7] quarantine (list)
-- Returns {tally as field, value, ...}, {usage as field, value, ...}, files, entries of quarantine.
local files = redis.call('LLEN', KEYS[3]) + redis.call('LLEN', KEYS[4]) + redis.call('ZCARD', KEYS[5]) + redis.call('ZCARD', KEYS[6])
return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]), files, redis.call('LLEN', KEYS[7]) }
