#!lua flags=allow-oom
-- Takes the smallest member of each sorted set that has one. Answers with key, member, score of each of them, in a row.
local taken = {}
for _, key in ipairs(KEYS) do
  local popped = redis.call('ZPOPMIN', key)
  if popped[1] then
    taken[#taken + 1] = key
    taken[#taken + 1] = popped[1]
    taken[#taken + 1] = popped[2]
  end
end
return taken
