-- Whether a subject has an entry after `as_of`: then the write that made it has put its record right, and a rebuild
-- must not touch it. Answers 'moved', 'still', or 'behind' where there are too many entries to look through.
local function since(stream, as_of, subject)
  local most = 100
  local entries = redis.call('XRANGE', stream, '(' .. as_of, '+', 'COUNT', most + 1)
  if #entries > most then return 'behind' end
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    for at = 1, #fields, 2 do
      if fields[at] == 'subject' and fields[at + 1] == subject then return 'moved' end
    end
  end
  return 'still'
end
