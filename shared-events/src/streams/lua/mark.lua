-- Marks up to where a stream was compacted.
-- KEYS  1 mark
-- ARGV  1 id
redis.call('SET', KEYS[1], ARGV[1])
