-- What an event does to a task's record and index. The write, the cascade, the replay and the copy into another layout all
-- use this, and nothing else writes records or index. An index has the lists that stand in it: a write that knows where the
-- task is needs only those that it changes.

-- The index of a user's tasks, whose keys stand in KEYS from a place on: of all, and by status.
local function index_at(first)
  return {all = KEYS[first], pending = KEYS[first + 1], ['in-progress'] = KEYS[first + 2], completed = KEYS[first + 3]}
end

-- Fails, before anything was written, if a key of the index holds something else.
local function check_index(index)
  for _, key in pairs(index) do redis.call('ZCARD', key) end
end

-- Whether a task of this status, or of none if it is gone, stands in a list.
local function belongs(list, status)
  return status ~= nil and (list == 'all' or list == status)
end

local function place(index, subject, status)
  for list, key in pairs(index) do
    if belongs(list, status) then
      redis.call('ZADD', key, 0, subject)
    else
      redis.call('ZREM', key, subject)
    end
  end
end

local function apply(record, index, event, status)
  if event.type == 'task.deleted' then
    redis.call('DEL', record)
    place(index, event.subject)
  else
    write(record, event)
    place(index, event.subject, status)
  end
end
