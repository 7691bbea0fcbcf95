-- Applies a batch of entries to a projection and moves its position, if the position is still the one the batch was
-- read from; else another process was first and nothing changes.
-- KEYS  1 projection  2 the stream's positions (left out for a projection that is still being built)
-- ARGV  1 name  2 the position the batch follows  3 its last entry's id  4 how many entries it has
--       5 how many fields are set  6… field and value, for each that is set · then the fields removed
-- Answers the position it leaves.
local position = redis.call('HGET', KEYS[1], 'position') or '0-0'
if position ~= ARGV[2] then
  if KEYS[2] then redis.call('HSET', KEYS[2], ARGV[1], position) end
  return position
end

-- What `unpack` can take at once is bounded.
local function each_thousand(first, last, call)
  for from = first, last, 1000 do call(unpack(ARGV, from, math.min(from + 999, last))) end
end

local first_removed = 6 + 2 * tonumber(ARGV[5])
each_thousand(6, first_removed - 1, function(...) redis.call('HSET', KEYS[1], ...) end)
each_thousand(first_removed, #ARGV, function(...) redis.call('HDEL', KEYS[1], ...) end)
redis.call('HSET', KEYS[1], 'position', ARGV[3])
if redis.call('HEXISTS', KEYS[1], 'passed') == 1 then redis.call('HINCRBY', KEYS[1], 'passed', ARGV[4]) end
if KEYS[2] then redis.call('HSET', KEYS[2], ARGV[1], ARGV[3]) end
return ARGV[3]
