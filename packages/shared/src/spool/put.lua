-- Writes payloads whose jobs are not counted as done; entries that are there stay as they are.
-- An entry is: kind (1 byte), events (uint32, little-endian), compressed payload.
-- KEYS[1] usage hash   KEYS[2] index   then for each entry: its key, its job's hash
-- ARGV[1] now (UNIX ms)   then for each entry: id, queue kind, events, entry bytes
-- Returns the workspace's bytes in the spool.
local usage, index = KEYS[1], KEYS[2]
for i = 1, (#KEYS - 2) / 2 do
  local entry, job = KEYS[1 + 2 * i], KEYS[2 + 2 * i]
  local id, kind, events, bytes = ARGV[4 * i - 2], ARGV[4 * i - 1], ARGV[4 * i], ARGV[4 * i + 1]
  if redis.call('HEXISTS', job, 'counted') == 0 and redis.call('SET', entry, bytes, 'NX') then
    redis.call('ZADD', index, ARGV[1], id)
    redis.call('HINCRBY', usage, 'bytes', #bytes)
    redis.call('HINCRBY', usage, 'events:' .. kind, events)
  end
end
return tonumber(redis.call('HGET', usage, 'bytes') or 0)
