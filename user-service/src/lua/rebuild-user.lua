-- Compares a user's record with the user's last event, and puts it right where that is asked for.
-- KEYS  1 user-events  2 record
-- ARGV  1 the id up to which the stream was read  2 'replay' or 'verify'  3 subject  4 'living' or 'gone'
--       5 version  6 document
-- Answers 'same', 'different', or 'behind' (see since)
local moved = since(KEYS[1], ARGV[1], ARGV[3])
if moved == 'behind' then return 'behind' end
if moved == 'moved' then return 'same' end

local version, document = read(KEYS[2])
local living = ARGV[4] == 'living'
if living and version == ARGV[5] and document == ARGV[6] then return 'same' end
if not living and not version then return 'same' end
if ARGV[2] == 'replay' then
  apply(KEYS[2], living and 'user.updated' or 'user.deleted', ARGV[5], ARGV[6])
end
return 'different'
