-- Creates a user and its event, once.
-- KEYS  1 user-events  2 record  3 idempotency marker (left out where the request has no Idempotency-Key)
-- ARGV  1 hash of the body  2 seconds the marker is kept  3… the entry's fields
-- Answers {'done', version} · {'done', version, document} as it was created before · {'key_reused'}
local before = answered(KEYS[3], ARGV[1])
if before then return before end

local present, present_document = read(KEYS[2])
if present then return {'done', present, present_document} end

local version, type, document = append(KEYS[1], 3)
apply(KEYS[2], type, version, document)
if KEYS[3] then remember(KEYS[3], ARGV[1], ARGV[2], version, document) end
return {'done', version}
