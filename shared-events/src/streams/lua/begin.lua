-- Counts one more try of a pending entry. The count is Redis's own, so it outlives the process that tries.
-- KEYS  1 stream  2 lease  3 checkpoint
-- ARGV  1 group  2 consumer  3 'certain' or '' (see group.lua)  4 the entry's id
-- Answers {'lost'} if the lease is another's, {'gone'} if the entry is, else {'begun', tries}
if not holds_lease() then return {'lost'} end
local claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[4])
if #claimed == 0 then return {'gone'} end
return {'begun', redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[4], ARGV[4], 1)[1][4]}
