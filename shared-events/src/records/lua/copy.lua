-- What the scripts share that append entries of another layout.
-- KEYS  1 stream  2… the keys of each entry that is applied, in turn
-- ARGV  of each entry in turn: id · 'apply' if it is applied, else '' · an argument for whoever applies it · how many
--       fields it has · the fields

-- Appends the entries with the ids they have, and has each that is to be applied: `apply_from` is given where its keys begin in
-- KEYS, the event, and its argument.
local function append_copies(keys_each, apply_from)
  local at, key = 1, 2
  while ARGV[at] do
    local id, is_applied, argument = unpack(ARGV, at, at + 2)
    local last = at + 3 + tonumber(ARGV[at + 3])
    local entry = {id, {unpack(ARGV, at + 4, last)}}
    redis.call('XADD', KEYS[1], id, unpack(entry[2]))
    if is_applied == 'apply' then
      local event = {version = id, type = field(entry, 'type'), subject = field(entry, 'subject'),
        document = field(entry, 'data'), schema = field(entry, 'schema')}
      apply_from(key, event, argument)
      key = key + keys_each
    end
    at = last + 1
  end
end
