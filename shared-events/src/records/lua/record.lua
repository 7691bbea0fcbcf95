-- What every script that writes a record shares.
-- A record is "<version> <schema> <document>": the stream id of its last event, the schema version that its document was
-- written in, and the document's JSON text. One that goes on with "{" after the version is of schema 1.
-- An idempotency marker is "<hash of the body> <version>": the creation's, whose event tells what was answered.

local function split(text)
  local space = string.find(text, ' ', 1, true)
  return string.sub(text, 1, space - 1), string.sub(text, space + 1)
end

-- Version, schema and document of a record; nothing if there is none.
local function read(key)
  local record = redis.call('GET', key)
  if not record then return nil end
  local version, rest = split(record)
  if string.sub(rest, 1, 1) == '{' then return version, '1', rest end
  return version, split(rest)
end

local function write(key, event)
  redis.call('SET', key, event.version .. ' ' .. event.schema .. ' ' .. event.document)
end

-- Writes what a key holds once more, if it holds something: what is answered by it is then confirmed as a write is.
local function touch(key)
  local value = redis.call('GET', key)
  if value then redis.call('SET', key, value, 'KEEPTTL') end
end

-- The reply to a creation that was already made with this Idempotency-Key; nothing if there was none.
local function repeated(stream, marker, body_hash)
  local kept = marker and redis.call('GET', marker)
  if not kept then return nil end
  local kept_hash, version = split(kept)
  if kept_hash ~= body_hash then return {'key_reused'} end
  local entry = redis.call('XRANGE', stream, version, version)[1]
  if not entry then return {'answer_gone'} end
  touch(marker)
  return {'done', version, entry[2][8], entry[2][6]}
end

-- `made` is a list that is there only while markers are being copied: of those that were made meanwhile.
local function remember(marker, made, body_hash, seconds, version)
  redis.call('SET', marker, body_hash .. ' ' .. version, 'EX', seconds)
  redis.call('RPUSHX', made, marker)
end

-- Appends an entry with the fields that stand in a list from a place on. Must be the first write of a script: it is the
-- last step that can fail. Returns the event that it is.
local function append(stream, list, first)
  local version = redis.call('XADD', stream, '*', unpack(list, first))
  return {version = version, type = list[first + 1], subject = list[first + 3], document = list[first + 5],
    schema = list[first + 7]}
end
