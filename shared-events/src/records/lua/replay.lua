-- What the scripts that compare a record with its last event share. Their arguments begin with
-- ARGV  1 the id up to which the stream was read  2 'replay' or 'verify'  3 subject  4 type of the last event, or what
--       removes the record if there is none  5 version  6 schema  7 document; 5 to 7 are empty if the record is to be gone

-- Whether a subject has an entry after `as_of`: then the write that made it has put its record right, and a replay must
-- not touch it. Answers 'moved', 'still', or 'behind' if there are too many entries to look through.
local function since(stream, as_of, subject)
  local max = 100
  local entries = redis.call('XRANGE', stream, '(' .. as_of, '+', 'COUNT', max + 1)
  if #entries > max then return 'behind' end
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    for at = 1, #fields, 2 do
      if fields[at] == 'subject' and fields[at + 1] == subject then return 'moved' end
    end
  end
  return 'still'
end

-- The last event of the subject, as a write would have applied it.
local last = {subject = ARGV[3], type = ARGV[4], version = ARGV[5], schema = ARGV[6], document = ARGV[7]}
local is_living = last.version ~= ''

local function record_is_right(key)
  local version, schema, document = read(key)
  if not is_living then return not version end
  return version == last.version and schema == last.schema and document == last.document
end
