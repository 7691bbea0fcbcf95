-- A page of a user's tasks, in order of id.
-- KEYS  1 the index to read: all of the user's tasks, or those of one status
-- ARGV  1 where to begin, as ZRANGE BYLEX has it  2 how many at most  3 what a record's key has before its id
-- Answers {id of the last one if there are more, else '', records…}
local most = tonumber(ARGV[2])
local ids = redis.call('ZRANGE', KEYS[1], ARGV[1], '+', 'BYLEX', 'LIMIT', 0, most + 1)
if #ids == 0 then return {''} end

local last = ''
if #ids > most then
  table.remove(ids)
  last = ids[#ids]
end
for at, id in ipairs(ids) do ids[at] = ARGV[3] .. id end
return {last, unpack(redis.call('MGET', unpack(ids)))}
