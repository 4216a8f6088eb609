-- Forgets unsettled reservations. An entry that was settled meanwhile stays: the book has it.
--
-- KEYS  1 generation   2 rebuilding   3 unsettled   4... journal:<order>
-- ARGV  1 the new generation   2... order id, one for each journal key
-- Returns 'refused' (open, or another rebuild has begun: nothing was done) or 'ok'
local call = redis.call
local now = call('MGET', KEYS[1], KEYS[2])
if now[1] or now[2] ~= ARGV[1] then
  return 'refused'
end
local is_unsettled = {}
for i = 4, #KEYS do
  is_unsettled[i] = call('GETRANGE', KEYS[i], 0, 0) == 'R'
end
for i = 4, #KEYS do
  call('ZREM', KEYS[3], ARGV[i - 2])
  if is_unsettled[i] then
    call('DEL', KEYS[i])
  end
end
return 'ok'
