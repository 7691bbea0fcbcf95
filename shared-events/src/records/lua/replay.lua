-- What the scripts that compare a record with its last event share. Their arguments begin with
-- ARGV  1-4 the entry up to which the stream was read: id, type, subject, request  5 'replay' or 'verify'  6 subject
--       7 'moved' if the subject is known to have an entry after its last event, else ''  8 type of the last event, or what
--       removes the record if there is none  9 version  10 schema  11 document; 9 to 11 are empty if the record is to be
--       gone

-- Whether a subject has an entry after its last event: then the write that made it has put its record right, and a replay
-- must not touch it. Answers 'moved', 'still', 'behind' if there are too many entries to look through, or 'foreign' if it
-- was another history that was read.
local function since(stream, subject)
  if ARGV[1] ~= '0-0' and not holds(stream, unpack(ARGV, 1, 4)) then return 'foreign' end
  if ARGV[7] == 'moved' then return 'moved' end
  local max = 100
  local entries = redis.call('XRANGE', stream, '(' .. ARGV[1], '+', 'COUNT', max + 1)
  if #entries > max then return 'behind' end
  for _, entry in ipairs(entries) do
    if field(entry, 'subject') == subject then return 'moved' end
  end
  return 'still'
end

-- The last event of the subject, as a write would have applied it.
local last = {subject = ARGV[6], type = ARGV[8], version = ARGV[9], schema = ARGV[10], document = ARGV[11]}
local is_living = last.version ~= ''

local function record_is_right(key)
  local version, schema, document = read(key)
  if not is_living then return not version end
  return version == last.version and schema == last.schema and document == last.document
end
