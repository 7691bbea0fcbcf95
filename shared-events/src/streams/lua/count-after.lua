-- Counts the entries after an id, at most ten thousand at a time, so that no one else waits long.
-- KEYS  1 stream
-- ARGV  1 id
-- Answers {how many, id of the last one counted, id of the first one or ''}
local count, last, first = 0, ARGV[1], ''
for _ = 1, 10 do
  local page = redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', 1000)
  if #page == 0 then break end
  if first == '' then first = page[1][1] end
  count, last = count + #page, page[#page][1]
end
return {count, last, first}
