-- Whether a user exists at this moment: what the projection knows, and over it the events it has not yet applied.
-- The answer is as exact as the stream: it cannot be older than the last user change that was answered.

-- More events than this are not looked through: behind the projection's position, and behind a vouching.
local overlay = 100
local vouched_overlay = 1000

-- `vouched_at` is the empty string, or the end of the stream as it was before the user service, asked over HTTP, said
-- that the user exists: then only a deletion after it counts. `vouched_for` is the version of the user that it told of; the
-- empty string if it told none. What was vouched counts only if this node has had both entries.
-- Answers 'known', 'unknown', or 'stale' if there are too many events to look through, or the vouching does not count.
local function check_user(known_users, user_events, user, vouched_at, vouched_for)
  local vouched = vouched_at ~= ''
  if vouched and not (has_had(user_events, vouched_at) and (vouched_for == '' or has_had(user_events, vouched_for))) then
    return 'stale'
  end
  local applied, known = unpack(redis.call('HMGET', known_users, 'position', user))
  local position = vouched and vouched_at or applied or '0-0'
  local most = vouched and vouched_overlay or overlay
  local behind = redis.call('XRANGE', user_events, '(' .. position, '+', 'COUNT', most + 1)
  if #behind > most then return 'stale' end
  local exists = vouched or known ~= false
  for _, entry in ipairs(behind) do
    if field(entry, 'subject') == user then
      local type = field(entry, 'type')
      if type == 'user.created' or type == 'user.updated' then exists = true end
      if type == 'user.deleted' then exists = false end
    end
  end
  return exists and 'known' or 'unknown'
end

local function end_of(stream)
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  return last and last[1] or '0-0'
end
