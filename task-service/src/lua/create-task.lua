-- Creates a task, its index entries and its event, once, and only for a user who exists at this moment.
-- KEYS  1 task-events  2 record  3 the user's tasks  4 those of the task's status  5 known-users  6 user-events
--       7 idempotency marker  8 the markers made while they are copied (7 and 8 are left out if the request has no
--       Idempotency-Key)
-- ARGV  1 hash of the body  2 seconds the marker is kept  3 status  4 user  5 what the user service vouched for
--       (see check_user)  6 the version that it vouched for  7… the entry's fields
-- Answers {'done', version} · {'done', version, schema, document} as it was created before · {'key_reused'}
--         · {'answer_gone'} if the event of that creation was removed · {'unknown' or 'stale', end of user-events}
local before = repeated(KEYS[1], KEYS[7], ARGV[1])
if before then return before end

local version, schema, document = read(KEYS[2])
if version then
  touch(KEYS[2])
  return {'done', version, schema, document}
end

local verdict = check_user(KEYS[5], KEYS[6], ARGV[4], ARGV[5], ARGV[6])
if verdict ~= 'known' then return {verdict, end_of(KEYS[6])} end

local index = {all = KEYS[3], [ARGV[3]] = KEYS[4]}
check_index(index)
local event = append(KEYS[1], ARGV, 7)
apply(KEYS[2], index, event, ARGV[3])
if KEYS[7] then remember(KEYS[7], KEYS[8], ARGV[1], ARGV[2], event.version) end
return {'done', event.version}
