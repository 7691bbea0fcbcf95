-- Parks an entry: copies it to the group's dead letters, with the reason, and acknowledges it. If it is parked already, by a
-- step whose reply was lost, it does nothing.
-- KEYS  1 stream  2 lease  3 checkpoint  4 dead letters
-- ARGV  1 group  2 consumer  3 'certain' or '' (see group.lua)  4 the entry's id  5 code  6 reason  7 tries
-- Answers 'lost' if the lease is another's, else 'done'
-- How many fields and values a dead letter has as they stand; more than that are packed into one, as JSON.
local max_unpacked = 4000

if not holds_lease() then return 'lost' end

-- Whether it is among the dead letters, all of which were made after it.
local function is_parked()
  for _, letter in ipairs(redis.call('XRANGE', KEYS[4], ARGV[4], '+', 'COUNT', 1000)) do
    if letter[2][2] == ARGV[4] then return true end
  end
  return false
end

local is_pending = #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[4], ARGV[4], 1) > 0
if not is_pending and is_parked() then return 'done' end
local entry = redis.call('XRANGE', KEYS[1], ARGV[4], ARGV[4])[1]
local fields = entry and entry[2] or {}
local why = {ARGV[4], 'code', ARGV[5], 'reason', ARGV[6], 'attempts', ARGV[7]}
if #fields <= max_unpacked then
  for _, field in ipairs(fields) do why[#why + 1] = field end
  redis.call('XADD', KEYS[4], '*', 'origin', unpack(why))
else
  why[#why + 1], why[#why + 2] = 'fields', cjson.encode(fields)
  redis.call('XADD', KEYS[4], '*', 'packed-origin', unpack(why))
end
settle({ARGV[4]}, ARGV[3])
return 'done'
