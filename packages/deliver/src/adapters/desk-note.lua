#!lua flags=allow-oom
-- Notes ids that may stand in an archive file without having ended by it. Also while memory is full: archiving makes
-- room.
-- KEYS[1] ids that are being archived
-- ARGV ids
redis.call('SADD', KEYS[1], unpack(ARGV))
