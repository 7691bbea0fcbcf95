-- What an event does to a task's record and index. The write, the cascade, the replay and the copy into another layout all
-- use this, and nothing else writes records or index.

-- The index of a user's tasks, whose keys stand in KEYS from a place on: of all, and by status.
local function index_at(first)
  return {all = KEYS[first], pending = KEYS[first + 1], ['in-progress'] = KEYS[first + 2], completed = KEYS[first + 3]}
end

-- Fails, before anything was written, if a key of the index holds something else.
local function check_index(index)
  for _, key in pairs(index) do redis.call('ZCARD', key) end
end

local function remove_from_index(index, subject)
  for _, key in pairs(index) do redis.call('ZREM', key, subject) end
end

local function apply(record, index, event, status)
  if event.type == 'task.deleted' then
    redis.call('DEL', record)
    remove_from_index(index, event.subject)
    return
  end
  write(record, event)
  for name, key in pairs(index) do
    if name == 'all' or name == status then
      redis.call('ZADD', key, 0, event.subject)
    elseif event.type ~= 'task.created' then
      redis.call('ZREM', key, event.subject)
    end
  end
end
