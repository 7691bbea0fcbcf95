-- Compares a task's record and index entries with the task's last event, and puts them right if that is asked for. The lists
-- of a task that has moved are compared with its record.
-- KEYS  1 task-events  2 record  3 the user's tasks  4-6 the same by status: pending, in-progress, completed
-- ARGV  see replay.lua  12 status
-- Answers 'same', 'different', 'behind' or 'foreign' (see since)
local moved = since(KEYS[1], last.subject)
if moved == 'behind' or moved == 'foreign' then return moved end

local index = index_at(3)
local status
if moved == 'still' then
  status = is_living and ARGV[12] or nil
else
  local version, _, document = read(KEYS[2])
  if version then
    local is_json, task = pcall(cjson.decode, document)
    status = is_json and type(task) == 'table' and task.status
    -- It may be one that only a newer program knows.
    if not index[status] then return 'same' end
  end
end

local function index_is_right()
  for list, key in pairs(index) do
    local found = redis.call('ZSCORE', key, last.subject) and true or false
    if found ~= belongs(list, status) then return false end
  end
  return true
end

if (moved == 'moved' or record_is_right(KEYS[2])) and index_is_right() then return 'same' end
if ARGV[5] == 'verify' then return 'different' end
if moved == 'moved' then
  place(index, last.subject, status)
else
  apply(KEYS[2], index, last, status)
end
return 'different'
