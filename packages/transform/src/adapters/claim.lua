-- Claims event ids for one owner, exactly within the window, at 16 to 60 bytes an id.
-- A table is two hashes. The first has buckets as its fields, each named by the beginning of its ids' names; a bucket is a
-- string of claims, oldest first, 12 bytes each: id (8), number of the call that claimed it (uint32, big-endian). The
-- second (":calls") has such numbers as its fields: owner (6), when (UNIX ms, 6, big-endian). New claims go to the newest
-- table and push those out of their bucket whose window is over. When it is full, or far too large for what one window
-- brings, another is opened with longer or shorter names; the old one ends a window after its last claim.
-- KEYS[1] tables: hash, number -> "length live added sinceMs lastMs first next": calls `first` to `next` - 1 are kept
-- KEYS[2] prefix of the tables
-- ARGV[1] now (UNIX ms; -1: the server's clock)   ARGV[2] window (ms)   ARGV[3] owner (6 bytes)
-- ARGV[4] ids, 18 bytes each, one after the other: the id (8), its name (10): characters of 7, 6, 3, 3, 3... bits
-- Returns a string with a "1" for each id that is the owner's (now, or from an earlier run) and a "0" for a duplicate.
local now, window, owner, ids = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local sub, find, unpackOne, call = string.sub, string.find, struct.unpack, redis.call
local full, shortest, longest, mostCalls, mostTrimmed = 16, 2, 10, 2 ^ 32 - 1, 100
local time, count = call('TIME'), #ids / 18
if now < 0 then now = time[1] * 1000 + math.floor(time[2] / 1000) end
if count == 0 then return '' end

local function capacity(length) return full * 128 * 8 ^ length end

local function numberAt(bucket, at) return (unpackOne('>I4', bucket, at + 8)) end

-- Of a claim made then. What lies a window ahead was made by a clock that was wrong.
local function isOver(time) return math.abs(now - time) >= window end

-- The owner of a call; nil when its window is over.
local function ownerOf(held, number)
  local of = call('HGET', held.calls, number)
  if of and not isOver(unpackOne('>I6', of, 7)) then return sub(of, 1, 6) end
end

-- The first call whose window is not over: they end in the order of their numbers.
local function firstLive(held)
  local over, live, middle = held.first - 1, held.next, held.first -- mostly it is the first
  while live - over > 1 do
    if ownerOf(held, middle) then live = middle else over = middle end
    middle = math.floor((over + live) / 2)
  end
  return live
end

local function tableOf(number, length, live, added, since, last, first, next)
  local key = KEYS[2] .. number
  return { number = number + 0, key = key, calls = key .. ':calls', length = length + 0, live = live + 0,
    added = added + 0, since = since + 0, last = last + 0, first = first + 0, next = next + 0 }
end

local newest, older, stored = nil, {}, call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  local length, live, added, since, last, first, next =
    string.match(stored[i + 1], '(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)')
  local held = tableOf(stored[i], length, live, added, since, last, first, next)
  if now - last >= window then
    call('UNLINK', held.key, held.calls) -- in the background; expiry would let everybody wait
    call('HDEL', KEYS[1], stored[i])
  elseif newest and newest.number > held.number then older[#older + 1] = held
  else older[#older + 1], newest = newest, held end
end
local length = newest and newest.length or shortest
if newest and newest.live >= capacity(length) then length = math.min(longest, length + 2)
elseif newest and isOver(newest.since) then
  while length > shortest and newest.added * 2 < capacity(length - 1) do length = length - 1 end
  newest.added, newest.since = 0, now
end
if not newest or length ~= newest.length or newest.next > mostCalls then
  older[#older + 1], newest = newest, tableOf(newest and newest.number + 1 or 1, length, 0, 0, now, now, 1, 1)
end

local answers, found, idOf = {}, 0, {}

-- Answers for the ids that lie in these buckets of a table: the k-th of them in the k-th one, or the one that `which` says.
local function look(held, live, buckets, which)
  local owners = {}
  for k, bucket in ipairs(buckets) do
    if bucket then
      local i, at = which and which[k] or k, 0
      repeat
        at = find(bucket, idOf[i], at + 1, true)
        local number = at and at % 12 == 1 and numberAt(bucket, at) or 0
        if number >= live then
          local by = owners[number] or ownerOf(held, number)
          owners[number] = by
          if by then answers[i], found = by == owner and '1' or '0', found + 1 end -- or a clock that was put back
        end
      until not at or answers[i]
    end
  end
end

local names, live = {}, firstLive(newest)
for i = 1, count do
  local at = 18 * i - 17
  idOf[i], names[i] = sub(ids, at, at + 7), sub(ids, at + 8, at + 7 + length)
end
local bucketOf = call('HMGET', newest.key, unpack(names))
look(newest, live, bucketOf)
for _, held in ipairs(older) do
  local which, there, left = {}, {}, 0
  for i = 1, count do
    if not answers[i] then
      left = left + 1
      which[left], there[left] = i, sub(ids, 18 * i - 9, 18 * i - 10 + held.length)
    end
  end
  if left == 0 then break end
  look(held, firstLive(held), call('HMGET', held.key, unpack(there)), which)
end
if found == count then return table.concat(answers) end

local claim, writes, last, slotOf, pushedOut = struct.pack('>I4', newest.next), {}, 0, {}, 0
for i = 1, count do
  if not answers[i] then
    local name = names[i]
    local slot, bucket = slotOf[name], nil
    if not slot then
      bucket, slot, last = bucketOf[i] or '', last + 2, last + 2
      local first = 1
      while live > 1 and first < #bucket and numberAt(bucket, first) < live do first = first + 12 end
      if first > 1 then bucket, pushedOut = sub(bucket, first), pushedOut + (first - 1) / 12 end
      slotOf[name], writes[slot - 1] = slot, name
    end
    answers[i], writes[slot] = '1', (bucket or writes[slot]) .. idOf[i] .. claim
  end
end
call('HSET', newest.key, unpack(writes))
call('HSET', newest.calls, newest.next, owner .. struct.pack('>I6', now))
local trimmed = {}
for number = newest.first, math.min(live - 1, newest.first + mostTrimmed - 1) do trimmed[#trimmed + 1] = number end
if #trimmed > 0 then call('HDEL', newest.calls, unpack(trimmed)) end
local lastMs = isOver(newest.last) and now or math.max(newest.last, now) -- the clock may have been put back
call('HSET', KEYS[1], newest.number, string.format('%d %d %d %.0f %.0f %.0f %.0f', length, newest.live + count - found
  - pushedOut, newest.added + count - found, newest.since, lastMs, newest.first + #trimmed, newest.next + 1))
local kept = { KEYS[1], newest.key, newest.calls }
for _, held in ipairs(older) do kept[#kept + 1], kept[#kept + 2] = held.key, held.calls end -- the window may be longer now
for _, key in ipairs(kept) do call('PEXPIRE', key, window * 2) end
return table.concat(answers)
