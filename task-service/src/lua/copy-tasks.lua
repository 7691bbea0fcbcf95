-- Appends entries of another layout, and does with each what its event does.
-- KEYS  1 task-events  2… of each entry that is applied: record, and the index of the user's tasks (see index_at)
-- ARGV  see copy.lua; the argument of an entry is the task's status
append_copies(5, function(key, event, status) apply(KEYS[key], index_at(key + 1), event, status) end)
