-- Notes the batches of a chunk in its job. A job that is gone is not made again by it.
-- KEYS[1] the chunk's job (BullMQ's hash)   ARGV pairs of field and value
-- Returns 1, or 0 where there is no such job.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
