-- Deletes some tasks of one user, each with its event. What is not there any more is only taken out of the index.
-- KEYS  1 task-events  2 lease  3 the user's tasks  4-6 the same by status  7… the records
-- ARGV  1 holder of the lease  2 how many fields an entry has  3… the fields, with subject, data and schema empty · then
--       the ids of the records
-- Answers 'lost' if the lease is another's, else 'done'
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 'lost' end

check_index()
local count = tonumber(ARGV[2])
local fields = {unpack(ARGV, 3, 2 + count)}
for at = 7, #KEYS do
  local subject = ARGV[3 + count + at - 7]
  local version, schema, document = read(KEYS[at])
  if version then
    fields[4], fields[6], fields[8] = subject, document, schema
    apply(KEYS[at], append(KEYS[1], fields))
  else
    remove_from_index(subject)
  end
end
return 'done'
