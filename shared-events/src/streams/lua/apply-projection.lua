-- Applies a batch of entries to a projection and moves its position, if the position is still the one the batch was
-- read from; else another process was first and nothing changes. Nothing changes either if the batch is of a history that
-- this node does not share.
-- KEYS  1 stream  2 projection  3 the stream's positions (left out for a projection that is still being built)
-- ARGV  1 name  2 the position the batch follows  3-6 its last entry: id, type, subject, request
--       7 how many entries it has  8 how many fields are set  9… field and value, for each that is set · then the fields
--       removed
-- Answers the position it leaves, or 'foreign' if the last entry is not in the stream.
local position = redis.call('HGET', KEYS[2], 'position') or '0-0'
if position ~= ARGV[2] then
  if KEYS[3] then redis.call('HSET', KEYS[3], ARGV[1], position) end
  return position
end
if not holds(KEYS[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6]) then return 'foreign' end

-- What `unpack` can take at once is bounded.
local function each_thousand(first, last, call)
  for from = first, last, 1000 do call(unpack(ARGV, from, math.min(from + 999, last))) end
end

local first_removed = 9 + 2 * tonumber(ARGV[8])
each_thousand(9, first_removed - 1, function(...) redis.call('HSET', KEYS[2], ...) end)
each_thousand(first_removed, #ARGV, function(...) redis.call('HDEL', KEYS[2], ...) end)
redis.call('HSET', KEYS[2], 'position', ARGV[3])
if redis.call('HEXISTS', KEYS[2], 'passed') == 1 then redis.call('HINCRBY', KEYS[2], 'passed', ARGV[7]) end
if KEYS[3] then redis.call('HSET', KEYS[3], ARGV[1], ARGV[3]) end
return ARGV[3]
