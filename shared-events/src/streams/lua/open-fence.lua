-- Takes a fence away.
-- KEYS  1 stream  2 the last id that it gave out before
--       3 who changes the layout  4 the layout (both left out if whoever asks is the one who changes it)
-- ARGV  1 the layout that the stream is of (left out with them)
-- Answers 1 if it did; not if somebody changes the layout, or if it is another.
if KEYS[3] and (redis.call('EXISTS', KEYS[3]) == 1 or redis.call('GET', KEYS[4]) ~= ARGV[1]) then return 0 end

local last = redis.call('GET', KEYS[2])
if not last then return 0 end
redis.call('XSETID', KEYS[1], last)
redis.call('DEL', KEYS[2])
return 1
