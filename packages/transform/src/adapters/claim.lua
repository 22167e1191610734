-- Claims event ids for one owner, exactly within the window, at about 35 bytes an id.
-- A table is one hash. Its fields are buckets, named by the first octal digits of an id's digest; a bucket is a string of
-- claims, oldest first, 22 bytes each: id (10), owner (6), when (UNIX ms, 6, big-endian). New claims go to the newest
-- table and push those out of their bucket whose window is over. When it is full, or far too large for what one window
-- brings, another is opened with more or fewer digits; the old one ends a window after its last claim.
-- KEYS[1] tables: hash, number -> "digits live added sinceMs lastMs"   KEYS[2] prefix of the tables
-- ARGV[1] now (UNIX ms; -1: the server's clock)   ARGV[2] window (ms)   ARGV[3] owner (6 bytes)
-- ARGV[4] ids, 20 bytes each, one after the other: the id (10), its octal digits (10)
-- Returns a string with a "1" for each id that is the owner's (now, or from an earlier run) and a "0" for a duplicate.
local now, window, owner, ids = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local sub, find, call = string.sub, string.find, redis.call
local time, full, firstDigits, maxDigits = call('TIME'), 16, 4, 10
if now < 0 then now = time[1] * 1000 + math.floor(time[2] / 1000) end
local function isOver(bucket, at) return now - struct.unpack('>I6', bucket, at + 16) >= window end

local newest, older, stored = nil, {}, call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  local digits, live, added, since, last = string.match(stored[i + 1], '(%d+) (%d+) (%d+) (%d+) (%d+)')
  if not last or now - last >= window then
    call('UNLINK', KEYS[2] .. stored[i]) -- in the background; expiry would let everybody wait
    call('HDEL', KEYS[1], stored[i])
  else
    local held = { number = stored[i] + 0, digits = digits + 0, live = live + 0, added = added + 0, since = since + 0 }
    if newest and newest.number > held.number then older[#older + 1] = held
    else older[#older + 1], newest = newest, held end
  end
end
local digits = newest and newest.digits or firstDigits
if newest and newest.live >= full * 8 ^ digits then digits = math.min(maxDigits, digits + 2)
elseif newest and now - newest.since >= window then
  while digits > firstDigits and newest.added * 2 < full * 8 ^ (digits - 1) do digits = digits - 1 end
  newest.added, newest.since = 0, now
end
if not newest or digits ~= newest.digits then
  older[#older + 1], newest = newest, { number = newest and newest.number + 1 or 1, digits = digits, live = 0, added = 0, since = now }
end

local answers, open, idOf, fieldOf, bucketOf, count = {}, {}, {}, {}, {}, #ids / 20
for i = 1, count do open[i], idOf[i] = i, sub(ids, 20 * i - 19, 20 * i - 10) end
for turn = 0, count > 0 and #older or -1 do
  local held, fields, left, leftCount = older[turn] or newest, {}, {}, 0
  for k = 1, count do fields[k] = sub(ids, 20 * open[k] - 9, 20 * open[k] - 10 + held.digits) end
  local buckets = call('HMGET', KEYS[2] .. held.number, unpack(fields))
  if held == newest then fieldOf, bucketOf = fields, buckets end
  for k = 1, count do
    local i, bucket, at = open[k], buckets[k] or '', 0
    repeat at = find(bucket, idOf[i], at + 1, true) until not at or at % 22 == 1 and not isOver(bucket, at)
    if at then answers[i] = sub(bucket, at + 10, at + 15) == owner and '1' or '0'
    else left[leftCount + 1], leftCount = i, leftCount + 1 end
  end
  open, count = left, leftCount
  if count == 0 then break end
end
if count == 0 then return table.concat(answers) end

local claim, writes, last, slotOf, pushedOut = owner .. struct.pack('>I6', now), {}, 0, {}, 0
for k = 1, count do
  local i = open[k]
  local field, slot = fieldOf[i], slotOf[fieldOf[i]]
  if not slot then
    local bucket, first = bucketOf[i] or '', 1
    while first < #bucket and isOver(bucket, first) do first = first + 22 end
    if first > 1 then bucket, pushedOut = sub(bucket, first), pushedOut + (first - 1) / 22 end
    last, slot = last + 2, last + 2
    slotOf[field], writes[slot - 1], writes[slot] = slot, field, bucket
  end
  answers[i], writes[slot] = '1', writes[slot] .. idOf[i] .. claim
end
local key, live, added = KEYS[2] .. newest.number, newest.live + count - pushedOut, newest.added + count
call('HSET', key, unpack(writes))
call('HSET', KEYS[1], newest.number, string.format('%d %d %d %.0f %.0f', newest.digits, live, added, newest.since, now))
call('PEXPIRE', key, window * 2)
call('PEXPIRE', KEYS[1], window * 2)
return table.concat(answers)
