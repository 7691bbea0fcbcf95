-- Puts one layout in the place of another, if every stream of the old one still has its fence and the moment for it is not over.
-- KEYS  1 the layout  2 what is there for that moment  3… the fences
-- ARGV  1 the new layout, or that there is none any more
-- Answers 1 if it did.
for at = 2, #KEYS do
  if redis.call('EXISTS', KEYS[at]) == 0 then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
