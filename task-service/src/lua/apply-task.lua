-- What an event does to a task's record and index. The write, the cascade and the replay all use this, and nothing
-- else writes records or index.
-- KEYS[3] is the index of the user's tasks; KEYS[4] to KEYS[6] the same by status: pending, in-progress, completed.
local status_index = {pending = KEYS[4], ['in-progress'] = KEYS[5], completed = KEYS[6]}

-- Fails, before anything was written, if a key of the index holds something else.
local function check_index()
  for at = 3, 6 do redis.call('ZCARD', KEYS[at]) end
end

local function remove_from_index(subject)
  for at = 3, 6 do redis.call('ZREM', KEYS[at], subject) end
end

local function apply(record, event, status)
  if event.type == 'task.deleted' then
    redis.call('DEL', record)
    remove_from_index(event.subject)
    return
  end
  write(record, event)
  redis.call('ZADD', KEYS[3], 0, event.subject)
  for name, index in pairs(status_index) do
    if name == status then
      redis.call('ZADD', index, 0, event.subject)
    elseif event.type ~= 'task.created' then
      redis.call('ZREM', index, event.subject)
    end
  end
end
