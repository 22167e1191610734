#!lua flags=allow-oom
-- BullMQ marks a queue with every job that is taken from it, whether or not more wait: the next worker is woken for
-- nothing. Takes the mark away where nothing waits. KEYS, as BullMQ names them: wait, prioritized, delayed, marker.
-- Answers 1: nothing waits, for a worker or for its time.
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 0 end
redis.call('ZREM', KEYS[4], '0')
return 1 - redis.call('EXISTS', KEYS[3])
