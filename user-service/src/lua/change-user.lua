-- Changes or deletes a user, with its event, if the record is still at the version the change was made from.
-- KEYS  1 user-events  2 record
-- ARGV  1 that version  2… the entry's fields
-- Answers {'done', version} · {'conflict', version, schema, document} as they are now · {'missing'}
local version, schema, document = read(KEYS[2])
if not version then return {'missing'} end
if version ~= ARGV[1] then return {'conflict', version, schema, document} end

local event = append(KEYS[1], ARGV, 2)
apply(KEYS[2], event)
return {'done', event.version}
