-- Makes everything that is pending in a group this consumer's, whoever had it, without counting it as a delivery;
-- entries that are no longer in the stream leave the group. Consumers that are left with nothing are removed.
-- KEYS  1 stream  2 lease  3 checkpoint
-- ARGV  1 group  2 consumer
-- Answers {'lost'} where the lease is another's, else {'done', ids that are pending, ids that were gone}
if not holds_lease() then return {'lost'} end
local pending, gone = {}, {}
local cursor = '0-0'
repeat
  local reply = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, cursor, 'COUNT', 1000, 'JUSTID')
  cursor = reply[1]
  for _, id in ipairs(reply[2]) do pending[#pending + 1] = id end
  for _, id in ipairs(reply[3]) do gone[#gone + 1] = id end
until cursor == '0-0'
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for at = 1, #info, 2 do consumer[info[at]] = info[at + 1] end
  if consumer.name ~= ARGV[2] and consumer.pending == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
  end
end
return {'done', pending, gone}
