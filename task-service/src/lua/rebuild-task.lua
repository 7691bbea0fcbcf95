-- Compares a task's record and index entries with the task's last event, and puts them right where that is asked for.
-- KEYS  1 task-events  2 record  3 the user's tasks  4-6 the same by status: pending, in-progress, completed
-- ARGV  1 the id up to which the stream was read  2 'replay' or 'verify'  3 subject  4 'living' or 'gone'
--       5 version  6 document  7 status
-- Answers 'same', 'different', or 'behind' (see since)
local moved = since(KEYS[1], ARGV[1], ARGV[3])
if moved == 'behind' then return 'behind' end
if moved == 'moved' then return 'same' end

local living = ARGV[4] == 'living'

local function index_is_right()
  for at = 3, 6 do
    local expected = living and (at == 3 or KEYS[at] == status_index[ARGV[7]])
    local found = redis.call('ZSCORE', KEYS[at], ARGV[3]) and true or false
    if found ~= expected then return false end
  end
  return true
end

local function record_is_right()
  local version, document = read(KEYS[2])
  if not living then return not version end
  return version == ARGV[5] and document == ARGV[6]
end

if record_is_right() and index_is_right() then return 'same' end
if ARGV[2] == 'replay' then
  apply(KEYS[2], living and 'task.updated' or 'task.deleted', ARGV[5], ARGV[6], ARGV[3], ARGV[7])
end
return 'different'
