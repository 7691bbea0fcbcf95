-- Takes a fence away.
-- KEYS  1 stream  2 the last id that it gave out before  3 a key that keeps the fence there
--       while it exists (left out if nothing does)
-- Answers 1 if it did.
local last = redis.call('GET', KEYS[2])
if not last or (KEYS[3] and redis.call('EXISTS', KEYS[3]) == 1) then return 0 end
redis.call('XSETID', KEYS[1], last)
redis.call('DEL', KEYS[2])
return 1
