-- Counts what came back from an archive, once.
-- KEYS[1] ids that came back   KEYS[2] tally hash
-- ARGV[1] the id in the archive   then pairs: tally field, count
-- Returns 1 when this call counted it.
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 then return 0 end
for i = 2, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1])
end
return 1
