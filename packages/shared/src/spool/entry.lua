-- Stands in front of every script of the spool (entry.ts): what an entry is, and how its use is counted.
-- An entry: its queue's letter (1 byte), events (uint32, little-endian), compressed payload. It lies under its key, or
-- its first part does and the rest lies beside it, where that takes less memory (fitted.ts).
-- The usage hash: `bytes`, and `events:<letter>` for each queue. Accepted entries (accepted.ts) have the letter "a" and
-- are in neither: they have `accepted:bytes` and `accepted:events`, and `accepted:unkept` for events
-- that found no room; as suspects, the same with `suspect:`.

-- The letter and the events of the entry, or of its first bytes.
local function readHead(bytes)
  return string.sub(bytes, 1, 1), (struct.unpack('<I4', bytes, 2))
end

local function restOf(entry)
  return entry .. ':rest'
end

-- Bytes of both parts; 0 when it is not there.
local function sizeOf(entry)
  return redis.call('STRLEN', entry) + redis.call('STRLEN', restOf(entry))
end

local function writeEntry(entry, first, rest)
  redis.call('SET', entry, first)
  if rest == '' then redis.call('UNLINK', restOf(entry)) else redis.call('SET', restOf(entry), rest) end
end

local function unlinkEntry(entry)
  redis.call('UNLINK', entry, restOf(entry))
end

-- Removes the entry, if it is there, from the spool, its index and its usage.
local function removeEntry(entry, index, usage, id)
  local size = sizeOf(entry)
  if size > 0 then
    local letter, events = readHead(redis.call('GETRANGE', entry, 0, 4))
    unlinkEntry(entry)
    redis.call('HINCRBY', usage, 'bytes', -size)
    redis.call('HINCRBY', usage, 'events:' .. letter, 0 - events) -- Lua makes "-0" of -0, which is no number to Redis
  end
  redis.call('ZREM', index, id)
end

-- Keeps the entry of an accepted batch, as long as there is room for it, out of the spool's use and the sweeper's sight.
local function keepEntry(entry, index, usage, accepted, batch)
  local size = sizeOf(entry)
  local letter, events = '', 0
  if size > 0 then letter, events = readHead(redis.call('GETRANGE', entry, 0, 4)) end
  if letter == 'a' then return end
  local isFull = tonumber(redis.call('HGET', usage, 'accepted:bytes') or 0) + size > batch.maxBytes
  if size == 0 or isFull or not batch.data then
    if isFull then redis.call('HINCRBY', usage, 'accepted:unkept', events) end
    return removeEntry(entry, index, usage, batch.id)
  end
  redis.call('HINCRBY', usage, 'bytes', -size)
  redis.call('HINCRBY', usage, 'events:' .. letter, 0 - events)
  redis.call('HINCRBY', usage, 'accepted:bytes', size)
  redis.call('HINCRBY', usage, 'accepted:events', events)
  redis.call('ZREM', index, batch.id)
  redis.call('SETRANGE', entry, 0, 'a')
  local time = redis.call('TIME')
  redis.call('ZADD', accepted, time[1] * 1000 + math.floor(time[2] / 1000), batch.id .. ' ' .. batch.data)
end

-- Removes an entry that keepEntry kept. `kind`: whose use it is in, accepted | suspect.
local function dropKept(set, usage, prefix, kind, member)
  local entry = prefix .. string.match(member, '^%S+')
  local size = sizeOf(entry)
  if size > 0 then
    local _, events = readHead(redis.call('GETRANGE', entry, 0, 4))
    unlinkEntry(entry)
    redis.call('HINCRBY', usage, kind .. ':bytes', -size)
    redis.call('HINCRBY', usage, kind .. ':events', 0 - events)
  end
  redis.call('ZREM', set, member)
end
