-- Writes or removes a user's pin, with its event.
-- KEYS  1 pin-events  2 record
-- ARGV  1 the version the change is made from, or * for any  2… the entry's fields
-- Answers {'done', version} · {'conflict', version, schema, document} as they are now · {'missing'}
if ARGV[1] ~= '*' then
  local version, schema, document = read(KEYS[2])
  if not version then return {'missing'} end
  if version ~= ARGV[1] then return {'conflict', version, schema, document} end
end

local event = append(KEYS[1], ARGV, 2)
if event.type == 'pin.deleted' then
  redis.call('DEL', KEYS[2])
else
  write(KEYS[2], event)
end
return {'done', event.version}
