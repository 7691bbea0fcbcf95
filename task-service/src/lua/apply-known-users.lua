-- Applies a batch of user events to the projection and moves its position, where the position is still the one the
-- batch was read from; else another process was first and nothing changes.
-- KEYS  1 known-users
-- ARGV  1 the position the batch follows  2 its last entry's id  3 how many entries it has  4 how many users are set
--       5… user and version, for each user set · then the users removed
-- Answers the position it leaves.
local position = redis.call('HGET', KEYS[1], 'position') or '0-0'
if position ~= ARGV[1] then return position end

local first_removed = 5 + 2 * tonumber(ARGV[4])
if first_removed > 5 then redis.call('HSET', KEYS[1], unpack(ARGV, 5, first_removed - 1)) end
if first_removed <= #ARGV then redis.call('HDEL', KEYS[1], unpack(ARGV, first_removed)) end
redis.call('HSET', KEYS[1], 'position', ARGV[2])
if redis.call('HEXISTS', KEYS[1], 'passed') == 1 then redis.call('HINCRBY', KEYS[1], 'passed', ARGV[3]) end
return ARGV[2]
