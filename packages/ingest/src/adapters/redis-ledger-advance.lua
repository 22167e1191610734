-- Moves a scope's mark on, never back, and forgets the objects before it one by one.
-- KEYS[1] marks (hash: "scope <scope>" -> "reachedMs takenBeforeMs")   KEYS[2] taken (sorted set: file id by atMs)
-- ARGV[1] scope   ARGV[2] reachedMs   ARGV[3] takenBeforeMs
local field = "scope " .. ARGV[1]
local reached, takenBefore = tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call("HGET", KEYS[1], field)
if known then
  local knownReached, knownTakenBefore = string.match(known, "^(%d+) (%d+)$")
  reached = math.max(reached, tonumber(knownReached))
  takenBefore = math.max(takenBefore, tonumber(knownTakenBefore))
end
local mark = string.format("%.0f %.0f", reached, takenBefore)
if mark ~= known then redis.call("HSET", KEYS[1], field, mark) end
redis.call("ZREMRANGEBYSCORE", KEYS[2], "-inf", string.format("(%.0f", takenBefore))
