-- Makes everything that is pending in a group this consumer's, whoever had it, without counting it as a delivery;
-- entries that are no longer in the stream leave the group. Consumers that are left with nothing are removed.
-- KEYS  1 stream  2 lease  3 checkpoint
-- ARGV  1 group  2 consumer  3 'certain' or '' (see group.lua)
-- Answers {'lost'} if the lease is another's, else {'done', ids that are pending, ids that were gone, how many
-- entries were removed before the group had read them}
if not holds_lease() then return {'lost'} end

-- What was ever added and the group has not read, less what is there to be read. (A group's own `lag` leaves out what was
-- removed on some versions of Redis.) Not told while there is much to read, or if Redis does not know what was read.
local function removed_unread(pending)
  local group = group_info()
  local read, unread = entries_read(group, pending, ARGV[3]), unread_of(group)
  if not read or unread == max_counted then return 0 end
  if read ~= group['entries-read'] then note_read(group, read) end
  return math.max(0, stream_info()['entries-added'] - read - unread)
end

local pending, gone = {}, {}
local cursor = '0-0'
repeat
  local reply = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, cursor, 'COUNT', 1000, 'JUSTID')
  cursor = reply[1]
  for _, id in ipairs(reply[2]) do pending[#pending + 1] = id end
  for _, id in ipairs(reply[3]) do gone[#gone + 1] = id end
until cursor == '0-0'
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = to_table(info)
  if consumer.name ~= ARGV[2] and consumer.pending == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
  end
end
return {'done', pending, gone, removed_unread(#pending + #gone)}
