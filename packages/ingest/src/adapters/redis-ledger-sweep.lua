-- Moves the full listing on, if it stands where the caller took it up.
-- KEYS[1] marks (hash: "sweep" -> "startedMs cursor")
-- ARGV[1] startedMs   ARGV[2] the cursor it was at ("": it begins)   ARGV[3] the cursor it got to ("": its end)
-- Answers 1, or 0 when another pod has moved it.
local known = redis.call("HGET", KEYS[1], "sweep")
if known ~= ARGV[1] .. " " .. ARGV[2] and not (not known and ARGV[2] == "") then return 0 end
if ARGV[3] == "" then redis.call("HDEL", KEYS[1], "sweep")
else redis.call("HSET", KEYS[1], "sweep", ARGV[1] .. " " .. ARGV[3]) end
return 1
