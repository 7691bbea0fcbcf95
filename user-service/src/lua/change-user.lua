-- Changes or deletes a user, with its event, when the record is still at the version the change was made from.
-- KEYS  1 user-events  2 record
-- ARGV  1 that version  2… the entry's fields
-- Answers {'done', version} · {'conflict', version, document} as they are now · {'missing'}
local present, present_document = read(KEYS[2])
if not present then return {'missing'} end
if present ~= ARGV[1] then return {'conflict', present, present_document} end

local version, type, document = append(KEYS[1], 2)
apply(KEYS[2], type, version, document)
return {'done', version}
