-- Stands in front of every script of the spool (entry.ts): what an entry is, and how its use is counted.
-- An entry: its queue's letter (1 byte), events (uint32, little-endian), compressed payload.
-- The usage hash: `bytes`, and `events:<letter>` for each queue.

-- The letter and the events of the entry, or of its first bytes.
local function readHead(bytes)
  return string.sub(bytes, 1, 1), (struct.unpack('<I4', bytes, 2))
end

-- Removes the entry, if it is there, from the spool, its index and its usage.
local function removeEntry(entry, index, usage, id)
  local size = redis.call('STRLEN', entry)
  if size > 0 then
    local letter, events = readHead(redis.call('GETRANGE', entry, 0, 4))
    redis.call('UNLINK', entry)
    redis.call('HINCRBY', usage, 'bytes', -size)
    redis.call('HINCRBY', usage, 'events:' .. letter, 0 - events) -- Lua makes "-0" of -0, which is no number to Redis
  end
  redis.call('ZREM', index, id)
end
