#!lua flags=allow-oom
-- Takes the smallest member of each sorted set that has one, of the first few that have; ARGV: of how many.
-- Answers with key, member, score of each of them, in a row.
local taken = {}
for _, key in ipairs(KEYS) do
  if #taken >= 3 * tonumber(ARGV[1]) then break end
  local popped = redis.call('ZPOPMIN', key)
  if popped[1] then
    taken[#taken + 1] = key
    taken[#taken + 1] = popped[1]
    taken[#taken + 1] = popped[2]
  end
end
return taken
