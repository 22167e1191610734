#!lua flags=allow-oom
-- Removes one suspect that was sent again.
-- KEYS[1] suspects   KEYS[2] usage hash   KEYS[3] prefix of the entries' keys   ARGV[1] the member
dropKept(KEYS[1], KEYS[2], KEYS[3], 'suspect', ARGV[1])
if redis.call('ZCARD', KEYS[1]) == 0 then redis.call('HDEL', KEYS[2], 'suspect:unkept') end
return 1
