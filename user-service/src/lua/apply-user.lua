-- What an event does to a user's record. The write and the replay both use this, and nothing else writes records.
local function apply(record, type, version, document)
  if type == 'user.deleted' then
    redis.call('DEL', record)
  else
    redis.call('SET', record, version .. ' ' .. document)
  end
end
