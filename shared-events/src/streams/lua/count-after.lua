-- Counts the entries after an id, up to so many.
-- KEYS  1 stream
-- ARGV  1 id  2 how many at most
-- Answers {how many, id of the first one or ''}
local page = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
return {#page, page[1] and page[1][1] or ''}
