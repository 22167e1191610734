#!lua flags=allow-oom
-- Hands an entry on from one queue's job to another queue's job of the same id. Nothing to do when that was done, or
-- when the entry is gone.
-- KEYS[1] entry   KEYS[2] usage hash
-- ARGV[1] letter of the queue that has it   ARGV[2] letter of the queue that gets it
-- Returns 1 when this call moved it.
local head = redis.call('GETRANGE', KEYS[1], 0, 4)
if head == '' then return 0 end
local letter, events = readHead(head)
if letter ~= ARGV[1] then return 0 end
redis.call('SETRANGE', KEYS[1], 0, ARGV[2])
redis.call('HINCRBY', KEYS[2], 'events:' .. ARGV[1], 0 - events)
redis.call('HINCRBY', KEYS[2], 'events:' .. ARGV[2], events)
return 1
