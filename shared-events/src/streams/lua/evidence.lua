-- What a script needs that goes by an entry it was given. Whoever gave it may have it from another node, or from before a
-- restore: from a history that this node does not share. Histories share their beginning, so where the entry is, all
-- before it is as well.

local function field(entry, name)
  local fields = entry[2]
  for at = 1, #fields, 2 do
    if fields[at] == name then return fields[at + 1] end
  end
  return ''
end

-- Whether this very entry is in the stream. Its id alone may have been given out again.
local function holds(stream, id, type, subject, request)
  local entry = redis.call('XRANGE', stream, id, id)[1]
  return entry ~= nil and field(entry, 'type') == type and field(entry, 'subject') == subject
    and field(entry, 'request') == request
end

local function is_after(id, other)
  local ms, sequence = string.match(id, '(%d+)-(%d+)')
  local other_ms, other_sequence = string.match(other, '(%d+)-(%d+)')
  if ms ~= other_ms then return tonumber(ms) > tonumber(other_ms) end
  return tonumber(sequence) > tonumber(other_sequence)
end

-- What XINFO tells of a stream, by name; nothing of one that does not exist.
local function info_of(stream)
  local info = {}
  if redis.call('EXISTS', stream) == 0 then return info end
  local flat = redis.call('XINFO', 'STREAM', stream)
  for at = 1, #flat, 2 do info[flat[at]] = flat[at + 1] end
  return info
end

-- Whether a stream has, or had until it was removed, an entry of this id.
local function has_had(stream, id)
  if id == '0-0' or #redis.call('XRANGE', stream, id, id) > 0 then return true end
  local deleted = info_of(stream)['max-deleted-entry-id']
  return deleted ~= nil and not is_after(id, deleted)
end
