#!lua flags=allow-oom
-- What the sweeper must know of some entries, and the removal of those that no job will ever read: in one step, so
-- that no job can be added in between. (A producer that adds it later looks for its entries afterwards and writes
-- them again: see hand-over.ts.)
-- KEYS[1] index   KEYS[2] usage hash   then for each entry: its key, and for each queue that may have its job: the
--   job's hash, the set of done jobs
-- ARGV[1] when to look again (UNIX ms)   ARGV[2] the return value of a job that left its entry to another queue's job (relays
--   before 2026-11-27 kept a tombstone of it)   ARGV[3] what the payload of a shrunk entry begins with   ARGV[4] bytes from
--   which on an entry is worth to be shrunk   then for each entry: id, how many queues may have its job
-- Returns for each entry: {'live'} | {'live', its letter}, when it may be shrunk | {'removed'}
--   | {'done', which of its queues (from 0), the job's return value}
local function live(entry)
  local first = redis.call('GETRANGE', entry, 0, 5)
  if string.sub(first, 6) == ARGV[3] or sizeOf(entry) < tonumber(ARGV[4]) then return { 'live' } end
  return { 'live', string.sub(first, 1, 1) }
end

local found = {}
local key = 3
for i = 5, #ARGV, 2 do
  local id, queues = ARGV[i], tonumber(ARGV[i + 1])
  local isLive, done = false, nil
  for queue = 0, queues - 1 do
    local job, completed = KEYS[key + 1 + 2 * queue], KEYS[key + 2 + 2 * queue]
    if redis.call('ZSCORE', completed, id) then
      local returned = redis.call('HGET', job, 'returnvalue') or '{}'
      if returned ~= ARGV[2] then done = { 'done', queue, returned } end
    elseif redis.call('EXISTS', job) == 1 then
      isLive = true
    end
  end
  -- What is done has come to its end, even if another queue still has a job for it: that one finds nothing left to do.
  if done or isLive then
    redis.call('ZADD', KEYS[1], 'XX', ARGV[1], id)
    found[#found + 1] = done or live(KEYS[key])
  else
    removeEntry(KEYS[key], KEYS[1], KEYS[2], id)
    found[#found + 1] = { 'removed' }
  end
  key = key + 1 + 2 * queues
end
return found
