-- Puts a projection that was built anew in the place of the live one.
-- KEYS  1 the new one  2 the live one  3 the stream's positions
-- ARGV  1 name
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('RENAME', KEYS[1], KEYS[2])
else
  redis.call('UNLINK', KEYS[2])
end
redis.call('HSET', KEYS[3], ARGV[1], redis.call('HGET', KEYS[2], 'position') or '0-0')
