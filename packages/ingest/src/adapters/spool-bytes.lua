#!lua flags=no-writes,allow-oom
-- The bytes that many spools hold. KEYS: the usage hash of each. Answers in their order; false: it never held any.
local bytes = {}
for i, usage in ipairs(KEYS) do bytes[i] = redis.call('HGET', usage, 'bytes') end
return bytes
