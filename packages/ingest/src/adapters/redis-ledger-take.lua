-- Which of the objects found in one scope are still to be read. Those are noted as open.
-- KEYS[1] marks (hash)   KEYS[2] open (hash: file id -> "atMs scope")   KEYS[3] taken (sorted set: file id by atMs)
-- ARGV[1] scope          ARGV[2..] file id, atMs, file id, atMs, ...
-- Answers with { ids that nobody had seen, ids that are open already }.
local scope = ARGV[1]
local mark = redis.call("HGET", KEYS[1], "scope " .. scope)
local takenBefore = mark and tonumber(string.match(mark, " (%d+)$")) or 0
local new, open = {}, {}
for index = 2, #ARGV, 2 do
  local id, at = ARGV[index], ARGV[index + 1]
  local taken = redis.call("ZSCORE", KEYS[3], id)
  if taken then
    -- Seen again: what is judged by when it was last seen stays remembered.
    if tonumber(at) > tonumber(taken) then redis.call("ZADD", KEYS[3], at, id) end
  elseif tonumber(at) >= takenBefore then
    local isNew = redis.call("HSET", KEYS[2], id, at .. " " .. scope) == 1
    table.insert(isNew and new or open, id)
  end
end
return { new, open }
