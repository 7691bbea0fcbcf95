-- Takes a lease, or renews it, unless another holds it.
-- KEYS  1 lease
-- ARGV  1 holder  2 milliseconds
-- Answers who holds it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
