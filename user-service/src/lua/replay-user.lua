-- Compares a user's record with the user's last event, and puts it right if that is asked for.
-- KEYS  1 user-events  2 record
-- ARGV  see replay.lua
-- Answers 'same', 'different', 'behind' or 'foreign' (see since)
local moved = since(KEYS[1], last.subject)
if moved == 'behind' or moved == 'foreign' then return moved end
if moved == 'moved' or record_is_right(KEYS[2]) then return 'same' end

if ARGV[5] == 'replay' then apply(KEYS[2], last) end
return 'different'
