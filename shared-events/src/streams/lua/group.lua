-- What every script of a consumer group shares.
-- KEYS  1 stream  2 lease: the consumer that may work for the group  3 checkpoint: all up to this id is settled
-- ARGV  1 group  2 consumer
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

-- Acknowledges entries, and moves the checkpoint up to where nothing is pending.
local function settle(ids)
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ids))
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1])
  redis.call('SET', KEYS[3], pending[1] > 0 and id_before(pending[2]) or group_info()['last-delivered-id'])
end
