-- Has a stream give out the last id there can be, so that it takes no entry any more, and keeps which was the last before.
-- KEYS  1 stream  2 what keeps it  3 who changes the layout
-- ARGV  1 who asks
-- Answers the id; nothing, and does nothing, if somebody else changes the layout, or nobody.
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return false end

local kept = redis.call('GET', KEYS[2])
if kept then return kept end

if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XGROUP', 'CREATE', KEYS[1], 'fence', '0', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', KEYS[1], 'fence')
end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
for at = 1, #info, 2 do
  if info[at] == 'last-generated-id' then kept = info[at + 1] end
end
redis.call('SET', KEYS[2], kept)
redis.call('XSETID', KEYS[1], '18446744073709551615-18446744073709551615')
return kept
