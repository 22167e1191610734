-- Claims event ids for one owner, exactly within the window, at about 50 bytes an id.
-- Ids lie in small hashes (24 on average: Redis packs those) of a few segments. The newest segment takes new ids until
-- it is full or a quarter of the window old; then a larger one opens. A segment's hashes expire by themselves.
-- KEYS[1] the segments: hash, segment number -> "bits count openedMs"   KEYS[2] prefix of the small hashes
-- ARGV[1] now (UNIX ms; -1: the server's clock)   ARGV[2] window (ms)   ARGV[3] owner (8 bytes)
-- ARGV[4] ids, 16 well-mixed bytes each, one after the other
-- Returns a string with a "1" for each id that is the owner's (now, or from an earlier run) and a "0" for a duplicate.
local now, window, owner, ids = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
if now < 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local perHash, firstBits, growBits, maxBits = 24, 6, 3, 26
local maxAge = math.ceil(window / 4)

local segments, newest = {}, nil
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  local bits, count, opened = string.match(stored[i + 1], '(%d+) (%d+) (%d+)')
  local segment = { number = tonumber(stored[i]), bits = tonumber(bits), count = tonumber(count), opened = tonumber(opened) }
  if now - segment.opened > window + maxAge then
    redis.call('HDEL', KEYS[1], stored[i])
  else
    segments[#segments + 1] = segment
  end
end
table.sort(segments, function(a, b) return a.number > b.number end)
newest = segments[1]
local full = newest and newest.count >= perHash * 2 ^ newest.bits
if not newest or full or now - newest.opened > maxAge then
  local bits = firstBits
  if full then bits = math.min(maxBits, newest.bits + growBits)
  elseif newest then bits = math.max(firstBits, math.ceil(math.log(math.max(1, newest.count / perHash)) / math.log(2))) end
  newest = { number = newest and newest.number + 1 or 1, bits = bits, count = 0, opened = now }
  table.insert(segments, 1, newest)
end

local value = owner .. struct.pack('>I6', now)
local answers = {}
for i = 1, #ids / 16 do
  local id = string.sub(ids, 16 * i - 15, 16 * i)
  local mix = struct.unpack('>I4', id)
  local answer
  for _, segment in ipairs(segments) do
    local claim = redis.call('HGET', KEYS[2] .. segment.number .. ':' .. mix % 2 ^ segment.bits, id)
    if claim and now - struct.unpack('>I6', claim, 9) < window then
      answer = string.sub(claim, 1, 8) == owner and '1' or '0'
      break
    end
  end
  if not answer then
    local hash = KEYS[2] .. newest.number .. ':' .. mix % 2 ^ newest.bits
    redis.call('HSET', hash, id, value)
    if redis.call('HLEN', hash) == 1 then redis.call('PEXPIRE', hash, window + 2 * maxAge) end
    newest.count, answer = newest.count + 1, '1'
  end
  answers[i] = answer
end
redis.call('HSET', KEYS[1], newest.number, newest.bits .. ' ' .. newest.count .. ' ' .. newest.opened)
redis.call('PEXPIRE', KEYS[1], window + 2 * maxAge)
return table.concat(answers)
