-- Puts a dead letter back before its own group, as if it had never been tried; no other group sees it.
-- KEYS  1 stream  2 dead letters
-- ARGV  1 group  2 id of the dead letter  3 name of the consumer it waits with
-- Answers 'unknown' if there is no dead letter of this id, 'gone' if the entry is no longer in the stream, or 'done'
local letter = redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2])[1]
if not letter then return 'unknown' end
local origin = letter[2][2]
if #redis.call('XRANGE', KEYS[1], origin, origin) == 0 then return 'gone' end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, origin, 'FORCE', 'RETRYCOUNT', 0, 'JUSTID')
redis.call('XDEL', KEYS[2], ARGV[2])
return 'done'
