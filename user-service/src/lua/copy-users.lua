-- Appends entries of another layout, and does with each what its event does.
-- KEYS  1 user-events  2… the record of each entry that is applied
-- ARGV  see copy.lua
append_copies(1, function(key, event) apply(KEYS[key], event) end)
