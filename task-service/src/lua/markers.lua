-- The markers of a user's tasks are listed beside them, by the time they end, so that they can go with the user.
local function list_marker(list, key_hash, seconds)
  local now = tonumber(redis.call('TIME')[1])
  redis.call('ZREMRANGEBYSCORE', list, '-inf', now)
  redis.call('ZADD', list, now + seconds, key_hash)
  redis.call('EXPIRE', list, seconds)
end
