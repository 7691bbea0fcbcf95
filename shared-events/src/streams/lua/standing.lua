-- Whether the stream still has the history that a projection was made of.
-- KEYS  1 stream  2 projection
-- Answers 'whole'; 'lost' if the stream has lost entries that the projection has applied, as by a failover or a restore of
-- older data, and what came before them is there; or 'unknown' if the stream ends before the projection's position and
-- does not have its beginning either.
local position = redis.call('HGET', KEYS[2], 'position') or '0-0'
if has_had(KEYS[1], position) then return 'whole' end

local info = info_of(KEYS[1])
local first = info['first-entry'] and info['first-entry'][1]
-- XTRIM, and nothing else, removes entries without a word of which.
local is_trimmed = first and info['max-deleted-entry-id'] == '0-0' and info['entries-added'] > info['length']
if first and not is_trimmed and is_after(position, first) then return 'lost' end
return is_after(position, info['last-generated-id'] or '0-0') and 'unknown' or 'whole'
