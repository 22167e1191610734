-- Writes entries; one that is there stays as it is, and one whose job was counted as done is not written.
-- KEYS[1] usage hash   KEYS[2] index   then for each entry: its key, and the hashes of the jobs that may own it
-- ARGV[1] when the sweeper shall look (UNIX ms)   then for each entry: id, its first part, the rest of it, how many jobs may own it
-- Returns the workspace's bytes in the spool.
local usage, index = KEYS[1], KEYS[2]
local key = 3
for i = 2, #ARGV, 4 do
  local id, first, rest, owners = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  local isCounted = false
  for owner = key + 1, key + owners do
    isCounted = isCounted or redis.call('HEXISTS', KEYS[owner], 'counted') == 1
  end
  if not isCounted and redis.call('EXISTS', KEYS[key]) == 0 then
    writeEntry(KEYS[key], first, rest)
    local letter, events = readHead(first)
    redis.call('ZADD', index, ARGV[1], id)
    redis.call('HINCRBY', usage, 'bytes', #first + #rest)
    redis.call('HINCRBY', usage, 'events:' .. letter, events)
  end
  key = key + 1 + owners
end
return tonumber(redis.call('HGET', usage, 'bytes') or 0)
