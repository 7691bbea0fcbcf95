-- Takes a change of the layout one step further, with the layout that is served: if whoever asks is still the one who changes
-- it, the layout is what it was to them, and all that has to be there is.
-- KEYS  1 who changes the layout  2 the layout  3 the change  4… what has to be there (the first of it is taken away)
-- ARGV  1 who asks  2 the layout as it was  3 as it is from now on  4 how far the change is then
-- Answers 1 if it did.
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
for at = 4, #KEYS do
  if redis.call('EXISTS', KEYS[at]) == 0 then return 0 end
end

redis.call('SET', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[3], 'phase', ARGV[4])
if KEYS[4] then redis.call('DEL', KEYS[4]) end
return 1
