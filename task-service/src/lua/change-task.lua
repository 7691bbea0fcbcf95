-- Changes or deletes a task, with its index entries and its event, when the record is still at the version the change
-- was made from.
-- KEYS  1 task-events  2 record  3 the user's tasks  4-6 the same by status: pending, in-progress, completed
-- ARGV  1 that version  2 status  3… the entry's fields
-- Answers {'done', version} · {'conflict', version, document} as they are now · {'missing'}
local present, present_document = read(KEYS[2])
if not present then return {'missing'} end
if present ~= ARGV[1] then return {'conflict', present, present_document} end

check_index()
local version, type, document, subject = append(KEYS[1], 3)
apply(KEYS[2], type, version, document, subject, ARGV[2])
return {'done', version}
