-- Acknowledges entries that were handled.
-- KEYS  1 stream  2 lease  3 checkpoint
-- ARGV  1 group  2 consumer  3 'certain' or '' (see group.lua)  4… ids
-- Answers 'lost' if the lease is another's, else 'done'
if not holds_lease() then return 'lost' end
settle({unpack(ARGV, 4)}, ARGV[3])
return 'done'
