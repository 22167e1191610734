#!lua flags=no-writes,allow-oom
-- Which spools have an entry that the sweeper is to look at. KEYS: an index for each. ARGV: UNIX ms.
-- Answers for each: 1, some are due; 0, none. An index that is damaged is due: who sweeps it says what is wrong.
local looks = {}
for i, index in ipairs(KEYS) do
  local first = redis.pcall('ZRANGE', index, 0, 0, 'WITHSCORES')
  local isDue = first.err or (first[2] and tonumber(first[2]) <= tonumber(ARGV[1]))
  looks[i] = isDue and 1 or 0
end
return looks
