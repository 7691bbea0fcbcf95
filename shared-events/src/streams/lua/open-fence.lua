-- Takes a fence away, unless whoever put it there is still at work.
-- KEYS  1 stream  2 the last id that it gave out before  3 who is changing the layout
-- Answers 1 if it did.
local last = redis.call('GET', KEYS[2])
if not last or redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('XSETID', KEYS[1], last)
redis.call('DEL', KEYS[2])
return 1
