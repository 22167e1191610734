#!lua flags=allow-oom
-- Removes kept entries that are no longer needed: the oldest first, at most a page.
-- KEYS[1] accepted entries or suspects (sorted set: "<id> <job data>" by when it was accepted)   KEYS[2] usage hash
-- KEYS[3] prefix of the entries' keys
-- ARGV[1] accepted | suspect   ARGV[2] accepted so long ago or longer (ms)   ARGV[3] entries of a page
-- Returns how many it removed.
local time = redis.call('TIME')
local before = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[2]
local page = redis.call('ZRANGE', KEYS[1], '-inf', before, 'BYSCORE', 'LIMIT', 0, ARGV[3])
for _, member in ipairs(page) do
  dropKept(KEYS[1], KEYS[2], KEYS[3], ARGV[1], member)
end
if redis.call('ZCARD', KEYS[1]) == 0 then redis.call('HDEL', KEYS[2], ARGV[1] .. ':unkept') end
return #page
