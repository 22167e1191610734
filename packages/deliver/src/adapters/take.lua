-- Grants one batch if it is due now, or says when to ask again. GCRA, counted in events; nothing is ever reserved.
-- KEYS[1] the group's hash: due, events (of the last grant), last (lane), notBefore, waitMs (how far ahead that was),
--         replayDue, freshUntil, freshBack, replayBack (when the lane was told to come back)
-- ARGV[1] now (UNIX ms; -1: Redis TIME)   [2] events of the batch   [3] lane: fresh | replay   [4] slack (ms)   [5] turn (ms)
-- ARGV[6] how long fresh traffic counts as present (ms)   [7] expiry when idle (ms)   [8] ms for an event at the paced rate
-- Returns 0: granted; otherwise the ms to wait.
local key, now, lane = KEYS[1], tonumber(ARGV[1]), ARGV[3]
local slack, turn, present, idle = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local each = tonumber(ARGV[8])
local cost = ARGV[2] * each
if now < 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + time[2] / 1000
end
local other = lane == 'fresh' and 'replay' or 'fresh'
local function field(name) return tonumber(redis.call('HGET', key, name) or '') or 0 end

-- A time that lies further ahead than it can have been set: the clock was set back, or the rate is higher now.
local function timeWithin(name, ms)
  local time = field(name)
  if time <= now + ms then return time end
  redis.call('HSET', key, name, now + ms)
  return now + ms
end

local lastCost = field('events') * each
local due = timeWithin('due', lastCost)
local shared = lane == 'replay' and now < field('freshUntil')
local notBefore = timeWithin('notBefore', field('waitMs'))
local at = math.max(due, notBefore)
if shared then at = math.max(at, timeWithin('replayDue', 2 * lastCost)) end
-- Whoever had the last grant gives way to the other lane for a moment, if that one is to come back about now
-- (an earliness of up to the slack costs nothing: it is credited).
local back = field(other .. 'Back')
local expected = back - slack <= now and now < back + turn
if at <= now and expected and redis.call('HGET', key, 'last') == lane then at = back + turn end

local wait = math.max(0, math.ceil(at - now))
if wait > 0 then
  redis.call('HSET', key, lane .. 'Back', now + wait)
else
  due = math.max(due, now - slack) + cost
  redis.call('HSET', key, 'due', due, 'events', ARGV[2], 'last', lane)
  redis.call('HDEL', key, lane .. 'Back')
  if lane == 'replay' then
    -- Batches of both lanes rarely fit together: what replay missed by that (up to one batch) is not lost to it.
    local since = shared and math.max(field('replayDue'), now - 2 * cost) or now
    redis.call('HSET', key, 'replayDue', since + 2 * cost)
  end
end
if lane == 'fresh' then redis.call('HSET', key, 'freshUntil', now + wait + present) end
local last = math.max(due, notBefore, field('replayDue'), now + wait)
redis.call('PEXPIRE', key, math.ceil(last - now) + idle)
return wait
