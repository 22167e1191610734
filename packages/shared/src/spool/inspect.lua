-- What the sweeper must know of one entry, and the removal of an entry that no job will ever read: all in one step,
-- so that no job can be added in between.
-- KEYS[1] entry   KEYS[2] index   KEYS[3] usage hash   KEYS[4] the job's hash   KEYS[5] the queue's completed set
-- ARGV[1] id   ARGV[2] queue kind
-- Returns {'live'} | {'done', return value} | {'removed'}: no job has this id. (A producer that adds it later
-- checks its entries afterwards and writes them again: see hand-over.ts.)
if redis.call('EXISTS', KEYS[4]) == 1 then
  if not redis.call('ZSCORE', KEYS[5], ARGV[1]) then return { 'live' } end
  return { 'done', redis.call('HGET', KEYS[4], 'returnvalue') or '{}' }
end
local size = redis.call('STRLEN', KEYS[1])
if size > 0 then
  local events = struct.unpack('<I4', redis.call('GETRANGE', KEYS[1], 1, 4))
  redis.call('UNLINK', KEYS[1])
  redis.call('HINCRBY', KEYS[3], 'bytes', -size)
  redis.call('HINCRBY', KEYS[3], 'events:' .. ARGV[2], -events)
end
redis.call('ZREM', KEYS[2], ARGV[1])
return { 'removed' }
