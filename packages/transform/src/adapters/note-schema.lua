-- Remembers a schema of an event type, once.
-- KEYS[1] schemas (hash: `type|fingerprint` -> fields, `type` -> the fingerprint that was new last)
-- KEYS[2] counts (hash: type -> `seen:changedAtMs`)
-- ARGV[1] event type   [2] fingerprint   [3] fields as JSON   [4] now (UNIX ms)   [5] most entries of KEYS[1]
-- Returns {'known'} | {'first'} | {'changed', fields of the one before} | {'full'}: nothing was written.
local schemas, counts, eventType, fingerprint = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local entry = eventType .. '|' .. fingerprint
if redis.call('HEXISTS', schemas, entry) == 1 then return { 'known' } end
if redis.call('HLEN', schemas) >= tonumber(ARGV[5]) then return { 'full' } end
local before = redis.call('HGET', schemas, eventType)
local seen = tonumber(string.match(redis.call('HGET', counts, eventType) or '0:0', '^(%d+)'))
redis.call('HSET', schemas, entry, ARGV[3], eventType, fingerprint)
redis.call('HSET', counts, eventType, (seen + 1) .. ':' .. (before and ARGV[4] or '0'))
if not before then return { 'first' } end
return { 'changed', redis.call('HGET', schemas, eventType .. '|' .. before) or '{}' }
