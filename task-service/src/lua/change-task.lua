-- Changes or deletes a task, with its index entries and its event, if the record is still at the version the change was
-- made from.
-- KEYS  1 task-events  2 record  3 the user's tasks  4-6 the same by status: pending, in-progress, completed
-- ARGV  1 that version  2 status  3… the entry's fields
-- Answers {'done', version} · {'conflict', version, schema, document} as they are now · {'missing'}
local version, schema, document = read(KEYS[2])
if not version then return {'missing'} end
if version ~= ARGV[1] then return {'conflict', version, schema, document} end

local index = index_at(3)
check_index(index)
local event = append(KEYS[1], {unpack(ARGV, 3)})
apply(KEYS[2], index, event, ARGV[2])
return {'done', event.version}
