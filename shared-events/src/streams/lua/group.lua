-- What every script of a consumer group shares.
-- KEYS  1 stream  2 lease: the consumer that may work for the group  3 checkpoint: all up to this id is settled
-- ARGV  1 group  2 consumer  3 'certain' if the consumer has read from this Redis, as it runs now, all the time
local function holds_lease()
  return redis.call('GET', KEYS[2]) == ARGV[2]
end

local function id_before(id)
  local ms, sequence = string.match(id, '(%d+)-(%d+)')
  if sequence ~= '0' then return string.format('%s-%.0f', ms, tonumber(sequence) - 1) end
  return string.format('%.0f-18446744073709551615', tonumber(ms) - 1)
end

local function to_table(flat)
  local named = {}
  for at = 1, #flat, 2 do named[flat[at]] = flat[at + 1] end
  return named
end

local function stream_info()
  return to_table(redis.call('XINFO', 'STREAM', KEYS[1]))
end

local function group_info()
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local group = to_table(info)
    if group.name == ARGV[1] then return group end
  end
end

-- How many entries are counted at most.
local max_counted = 1000

-- How many entries the group has not read, up to so many.
local function unread_of(group)
  return #redis.call('XRANGE', KEYS[1], '(' .. group['last-delivered-id'], '+', 'COUNT', max_counted)
end

-- How many entries the group has read; nothing if Redis does not know. Redis tells neither its replicas nor its append-only
-- file, so one that was promoted or restarted knows it as of the last acknowledgement, which does: what is missing then
-- are some of those that were pending.
local function entries_read(group, pending, is_certain)
  local read = group['entries-read']
  if not read or is_certain == 'certain' then return read end
  local unread = unread_of(group)
  local missing = stream_info()['entries-added'] - read - unread
  return (unread < max_counted and missing > 0 and missing <= pending) and read + missing or read
end

local function note_read(group, count)
  redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], group['last-delivered-id'], 'ENTRIESREAD', count)
end

-- Acknowledges entries, and moves the checkpoint up to where nothing is pending.
local function settle(ids, is_certain)
  local group = group_info()
  local read = entries_read(group, group.pending, is_certain)
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ids))
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1])
  redis.call('SET', KEYS[3], pending[1] > 0 and id_before(pending[2]) or group['last-delivered-id'])
  if read then note_read(group, read) end
end
