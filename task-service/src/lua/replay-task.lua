-- Compares a task's record and index entries with the task's last event, and puts them right if that is asked for.
-- KEYS  1 task-events  2 record  3 the user's tasks  4-6 the same by status: pending, in-progress, completed
-- ARGV  see replay.lua  11 status
-- Answers 'same', 'different', 'behind' or 'foreign' (see since)
local moved = since(KEYS[1], last.subject)
if moved == 'behind' or moved == 'foreign' then return moved end

local index = index_at(3)

local function index_is_right()
  for name, key in pairs(index) do
    local expected = is_living and (name == 'all' or name == ARGV[11])
    local found = redis.call('ZSCORE', key, last.subject) and true or false
    if found ~= expected then return false end
  end
  return true
end

if moved == 'moved' or (record_is_right(KEYS[2]) and index_is_right()) then return 'same' end
if ARGV[5] == 'replay' then apply(KEYS[2], index, last, ARGV[11]) end
return 'different'
