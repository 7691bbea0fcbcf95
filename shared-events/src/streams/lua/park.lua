-- Parks an entry: copies it to the group's dead letters, with the reason, and acknowledges it.
-- KEYS  1 stream  2 lease  3 checkpoint  4 dead letters
-- ARGV  1 group  2 consumer  3 the entry's id  4 code  5 reason  6 tries
-- Answers 'lost' if the lease is another's, else 'done'
-- How many fields and values a dead letter has as they stand; more than that are packed into one, as JSON.
local max_unpacked = 4000

if not holds_lease() then return 'lost' end
local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
local fields = entry and entry[2] or {}
local why = {ARGV[3], 'code', ARGV[4], 'reason', ARGV[5], 'attempts', ARGV[6]}
if #fields <= max_unpacked then
  for _, field in ipairs(fields) do why[#why + 1] = field end
  redis.call('XADD', KEYS[4], '*', 'origin', unpack(why))
else
  why[#why + 1], why[#why + 2] = 'fields', cjson.encode(fields)
  redis.call('XADD', KEYS[4], '*', 'packed-origin', unpack(why))
end
settle({ARGV[3]})
return 'done'
