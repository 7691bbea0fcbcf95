-- Deletes some tasks of one user, each with its event. What is not there any more is only taken out of the index.
-- KEYS  1 task-events  2 (not used)  3 the user's tasks  4-6 the same by status  7… the records
-- ARGV  1 how many fields an entry has  2… the fields, with subject, data and schema empty · then the ids of the records
-- Answers how many were deleted
check_index()
local count = tonumber(ARGV[1])
local fields = {unpack(ARGV, 2, 1 + count)}
local deleted = 0
for at = 7, #KEYS do
  local subject = ARGV[2 + count + at - 7]
  local version, schema, document = read(KEYS[at])
  if version then
    fields[4], fields[6], fields[8] = subject, document, schema
    apply(KEYS[at], append(KEYS[1], fields))
    deleted = deleted + 1
  else
    remove_from_index(subject)
  end
end
return deleted
