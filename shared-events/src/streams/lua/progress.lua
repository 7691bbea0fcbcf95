-- Forgets the tries of an entry whose handler gets on, so that only tries without progress count.
-- KEYS  1 stream  2 lease  3 checkpoint
-- ARGV  1 group  2 consumer  3 'certain' or '' (see group.lua)  4 the entry's id
-- Answers 'lost' if the lease is another's, else 'done'
if not holds_lease() then return 'lost' end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[4], 'RETRYCOUNT', 0, 'JUSTID')
return 'done'
