-- Counts the entries after an id, up to so many, and tells ages by the clock that gave the ids.
-- KEYS  1 stream
-- ARGV  1 id  2 how many at most  3 the id of one more entry whose age is asked for, or ''
-- Answers {how many, the age of the first one in milliseconds, the age of the one more}; ages are 0 if there is none.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function age_of(id)
  return id and id ~= '' and math.max(0, now - string.match(id, '%d+')) or 0
end

local page = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
return {#page, age_of(page[1] and page[1][1]), age_of(ARGV[3])}
