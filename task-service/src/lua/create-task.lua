-- Creates a task, its index entries and its event, once, and only for a user who exists at this moment.
-- KEYS  1 task-events  2 record  3 the user's tasks  4-6 the same by status: pending, in-progress, completed
--       7 known-users  8 user-events  9 idempotency marker  10 the markers made while they are copied (9 and 10 are left
--       out if the request has no Idempotency-Key)
-- ARGV  1 hash of the body  2 seconds the marker is kept  3 status  4 user  5 what the user service vouched for
--       (see check_user)  6 the version that it vouched for  7… the entry's fields
-- Answers {'done', version} · {'done', version, schema, document} as it was created before · {'key_reused'}
--         · {'answer_gone'} if the event of that creation was removed · {'unknown' or 'stale', end of user-events}
local before = repeated(KEYS[1], KEYS[9], ARGV[1])
if before then return before end

local version, schema, document = read(KEYS[2])
if version then
  touch(KEYS[2])
  return {'done', version, schema, document}
end

local verdict = check_user(KEYS[7], KEYS[8], ARGV[4], ARGV[5], ARGV[6])
if verdict ~= 'known' then return {verdict, end_of(KEYS[8])} end

local index = index_at(3)
check_index(index)
local event = append(KEYS[1], {unpack(ARGV, 7)})
apply(KEYS[2], index, event, ARGV[3])
if KEYS[9] then remember(KEYS[9], KEYS[10], ARGV[1], ARGV[2], event.version) end
return {'done', event.version}
