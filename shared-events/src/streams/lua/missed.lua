-- How many entries were removed from the stream before the projection had come to them. Only told if the projection is
-- at the end of the stream; each is told once.
-- `passed` counts what the projection has come to, in the stream's own numbering of all that was ever added.
-- KEYS  1 stream  2 projection
local info = info_of(KEYS[1])
if not info['last-generated-id'] or redis.call('HGET', KEYS[2], 'position') ~= info['last-generated-id'] then
  return 0
end

local added = info['entries-added']
local passed = tonumber(redis.call('HGET', KEYS[2], 'passed') or added)
redis.call('HSET', KEYS[2], 'passed', added)
return added - passed
