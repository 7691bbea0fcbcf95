-- What an event does to a user's record. The write and the replay both use this, and nothing else writes records.
local function apply(record, event)
  if event.type == 'user.deleted' then
    redis.call('DEL', record)
  else
    write(record, event)
  end
end
