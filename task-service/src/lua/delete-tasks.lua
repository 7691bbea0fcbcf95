-- Deletes some tasks of one user, each with its event. What is not there any more is only taken out of the index.
-- KEYS  1 task-events  2 lease  3 the user's tasks  4-6 the same by status  7 user-events  8… the records
-- ARGV  1 holder of the lease  2-5 the user's deletion: id, type, subject, request  6 how many fields an entry has
--       7… the fields, with subject, data and schema empty · then the ids of the records
-- Answers 'lost' if the lease is another's, 'uncaused' if the user's deletion is not in the stream, 'more' if tasks are
-- left, else 'done'. It always writes something, so that the answer is confirmed as a write is.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 'lost' end
if not holds(KEYS[7], unpack(ARGV, 2, 5)) then return 'uncaused' end

local index = index_at(3)
check_index(index)
local count = tonumber(ARGV[6])
local fields = {unpack(ARGV, 7, 6 + count)}
for at = 8, #KEYS do
  local subject = ARGV[7 + count + at - 8]
  local version, schema, document = read(KEYS[at])
  if version then
    fields[4], fields[6], fields[8] = subject, document, schema
    apply(KEYS[at], index, append(KEYS[1], fields, 1))
  else
    place(index, subject)
  end
end
if #KEYS == 7 then redis.call('SET', KEYS[2], ARGV[1], 'KEEPTTL') end
return redis.call('ZCARD', index.all) > 0 and 'more' or 'done'
