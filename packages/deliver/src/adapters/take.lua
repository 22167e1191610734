-- Grants one batch if it is due now, or says when to ask again. GCRA, counted in events; nothing is ever reserved.
-- KEYS[1] the group's hash: due, cost (ms of the last grant), last (lane), notBefore, replayDue, freshUntil,
--         freshBack, replayBack (when the lane was told to come back)
-- ARGV[1] now (UNIX ms; -1: Redis TIME)   [2] cost of the batch (ms at the paced rate)   [3] lane: fresh | replay
-- ARGV[4] slack (ms)   [5] turn (ms)   [6] how long fresh traffic counts as present (ms)   [7] expiry when idle (ms)
-- Returns 0: granted; otherwise the ms to wait.
local key, now, cost, lane = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local slack, turn, present, idle = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
if now < 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + time[2] / 1000
end
local other = lane == 'fresh' and 'replay' or 'fresh'
local function field(name) return tonumber(redis.call('HGET', key, name) or '') or 0 end

-- A grant sets `due` at most its cost ahead; further ahead it is only if the clock was set back.
local due = math.min(field('due'), now + field('cost'))
local shared = lane == 'replay' and now < field('freshUntil')
local at = math.max(due, field('notBefore'))
if shared then at = math.max(at, math.min(field('replayDue'), now + 2 * field('cost'))) end
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
  redis.call('HSET', key, 'due', due, 'cost', cost, 'last', lane)
  redis.call('HDEL', key, lane .. 'Back')
  if lane == 'replay' then
    -- Batches of both lanes rarely fit together: what replay missed by that (up to one batch) is not lost to it.
    local since = shared and math.max(field('replayDue'), now - 2 * cost) or now
    redis.call('HSET', key, 'replayDue', since + 2 * cost)
  end
end
if lane == 'fresh' then redis.call('HSET', key, 'freshUntil', now + wait + present) end
local last = math.max(due, field('notBefore'), field('replayDue'), now + wait)
redis.call('PEXPIRE', key, math.ceil(last - now) + idle)
return wait
