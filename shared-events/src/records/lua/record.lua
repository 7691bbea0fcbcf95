-- What every script that writes a record shares.
-- A record is "<version> <document>": the stream id of its last event, and the document's JSON text.
-- An idempotency marker is "<hash of the body> <version> <document>", as the creation answered.

local function split(text)
  local space = string.find(text, ' ', 1, true)
  return string.sub(text, 1, space - 1), string.sub(text, space + 1)
end

-- The version and the document of a record; nothing where there is none.
local function read(key)
  local record = redis.call('GET', key)
  if record then return split(record) end
end

-- The reply for a creation that was already made under this Idempotency-Key; nothing where there was none.
local function answered(marker, body_hash)
  local kept = marker and redis.call('GET', marker)
  if not kept then return nil end
  local kept_hash, record = split(kept)
  if kept_hash ~= body_hash then return {'key_reused'} end
  return {'done', split(record)}
end

local function remember(marker, body_hash, seconds, version, document)
  redis.call('SET', marker, body_hash .. ' ' .. version .. ' ' .. document, 'EX', seconds)
end

-- Appends the entry whose fields are the arguments from `first` on. Must be the first write of a script: it is the
-- last step that can fail. Returns the entry's id, which is the record's new version, its type, data and subject.
local function append(stream, first)
  local version = redis.call('XADD', stream, '*', unpack(ARGV, first))
  return version, ARGV[first + 1], ARGV[first + 5], ARGV[first + 3]
end
