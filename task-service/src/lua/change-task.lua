-- Changes or deletes a task, with its index entries and its event, if the record is still at the version the change was
-- made from. That version tells in which lists of the index the task stands, so only those are named that change.
-- KEYS  1 task-events  2 record  3… lists of the user's tasks, which the task enters or leaves
-- ARGV  1 that version  2 status, if it is changed  3… what each of those lists is, as in index_at  · then the entry's fields
-- Answers {'done', version} · {'conflict', version, schema, document} as they are now · {'missing'}
local version, schema, document = read(KEYS[2])
if not version then return {'missing'} end
if version ~= ARGV[1] then return {'conflict', version, schema, document} end

local index = {}
for at = 3, #KEYS do index[ARGV[at]] = KEYS[at] end
check_index(index)
local event = append(KEYS[1], ARGV, #KEYS + 1)
apply(KEYS[2], index, event, ARGV[2])
return {'done', event.version}
