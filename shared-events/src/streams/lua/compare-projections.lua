-- Compares some fields of a projection with those of another.
-- KEYS  1 the one  2 the other
-- ARGV  1 where to go on, as it was answered; 0 at the beginning  2 about how many fields are compared
-- Answers where to go on, 0 at the end, and then the fields that the other has with another value, or not at all.
local own = {position = true, passed = true}
local scan = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])

local fields, values = {}, {}
for at = 1, #scan[2], 2 do
  if not own[scan[2][at]] then
    fields[#fields + 1] = scan[2][at]
    values[#values + 1] = scan[2][at + 1]
  end
end

local answer = {scan[1]}
-- What `unpack` can take at once is bounded.
for from = 1, #fields, 1000 do
  local others = redis.call('HMGET', KEYS[2], unpack(fields, from, math.min(from + 999, #fields)))
  for at, other in ipairs(others) do
    if other ~= values[from + at - 1] then answer[#answer + 1] = fields[from + at - 1] end
  end
end
return answer
