-- What an event does to a task's record and index. The write and the replay both use this, and nothing else does.
-- Expects KEYS[2] record, KEYS[3] the user's tasks, KEYS[4] to KEYS[6] the same by status.
local status_key = {pending = KEYS[4], ['in-progress'] = KEYS[5], completed = KEYS[6]}

-- Fails, before anything was written, where a key of the index holds something else.
local function check_index()
  for at = 3, 6 do redis.call('ZCARD', KEYS[at]) end
end

local function apply(type, version, document, subject, status)
  if type == 'task.deleted' then
    redis.call('DEL', KEYS[2])
    for at = 3, 6 do redis.call('ZREM', KEYS[at], subject) end
    return
  end
  redis.call('SET', KEYS[2], version .. ' ' .. document)
  redis.call('ZADD', KEYS[3], 0, subject)
  for name, key in pairs(status_key) do
    if name == status then
      redis.call('ZADD', key, 0, subject)
    else
      redis.call('ZREM', key, subject)
    end
  end
end
