-- Creates a user and its event, once.
-- KEYS  1 user-events  2 record  3 idempotency marker  4 the markers made while they are copied (3 and 4 are left
--       out if the request has no Idempotency-Key)
-- ARGV  1 hash of the body  2 seconds the marker is kept  3… the entry's fields
-- Answers {'done', version} · {'done', version, schema, document} as it was created before · {'key_reused'}
--         · {'answer_gone'} if the event of that creation was removed
local before = repeated(KEYS[1], KEYS[3], ARGV[1])
if before then return before end

local version, schema, document = read(KEYS[2])
if version then
  touch(KEYS[2])
  return {'done', version, schema, document}
end

local event = append(KEYS[1], ARGV, 3)
apply(KEYS[2], event)
if KEYS[3] then remember(KEYS[3], KEYS[4], ARGV[1], ARGV[2], event.version) end
return {'done', event.version}
