-- Replaces a value if it is still what the caller has read: compare and set. The value says its own version, so the
-- same text never comes back.
-- KEYS[1] the value
-- ARGV[1] the text as read ('' for none)   ARGV[2] the new text
-- Returns 1 when it was replaced, 0 when someone else was faster.
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
