-- Writes a record as it is, so that what is in Redis now is confirmed by replicas as a write.
-- KEYS  1 record
touch(KEYS[1])
