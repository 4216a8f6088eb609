-- Puts units back on sale, and takes them off what a user bought, once for each change id.
--
-- A reservation that will never be settled may be named. Its units are in `reserved` exactly as
-- long as the journal entry of its order is that reservation's and says R: `reserve` adds them
-- together with that entry, and whatever turns R into S takes them out again. So only then does
-- `reserved` go down, by the second list: some of them may not go back on sale. An entry that says
-- S was subtracted before, an entry of another reservation stands for that one's units, and a
-- missing one for none; in each of these cases `reserved` and `unsettled` are right as they are. `available` is another matter: the units were taken from it
-- whatever became of the entry, and the change id alone sees to it that they come back once.
--
-- KEYS  1 generation   2 available   3 reserved   4 limit   5 unsettled   6 applied:<change>
--       7 journal:<order> (never touched when ARGV[4] is '')   8... bought:<sku>, one for each
--       line of the second list
-- ARGV  1 time to live of the change id's mark, in ms   2 user id
--       3 order id   4 reservation id, or ''   5 time to live of its journal entry, in ms
--       6 the only generation to do it under   7 number of lines in the first list
--       8... sku, units of each line that goes back on sale
--       then sku, units of each line that is taken off what the user bought: of a reservation,
--       all that was reserved
-- Returns, in this precedence, 'closed', 'busy', 'already_applied', 'applied'
local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[6] then
  return 'closed'
end
local on_sale_end = 7 + 2 * tonumber(ARGV[7])
local limits = {}
for i = 8, #ARGV, 2 do
  local limit = call('HGET', KEYS[4], ARGV[i])
  if limit == 'busy' then
    return 'busy'
  end
  limits[i] = limit
end
if call('EXISTS', KEYS[6]) == 1 then
  return 'already_applied'
end
local is_reserved = false
if ARGV[4] ~= '' then
  local head = call('GETRANGE', KEYS[7], 0, 102)
  is_reserved = string.sub(head, 1, 1) == 'R' and string.sub(head, 68) == ARGV[4]
end
local bought = {}
for i = on_sale_end + 1, #ARGV, 2 do
  if limits[i] then
    bought[i] = tonumber(call('HGET', KEYS[8 + (i - on_sale_end - 1) / 2], ARGV[2]) or 0)
  end
end

call('SET', KEYS[6], '1', 'PX', ARGV[1])
for i = 8, on_sale_end, 2 do
  call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1])
end
for i = on_sale_end + 1, #ARGV, 2 do
  if is_reserved then
    call('HINCRBY', KEYS[3], ARGV[i], '-' .. ARGV[i + 1])
  end
  if bought[i] then
    local key = KEYS[8 + (i - on_sale_end - 1) / 2]
    if bought[i] > tonumber(ARGV[i + 1]) then
      call('HINCRBY', key, ARGV[2], '-' .. ARGV[i + 1])
    else
      call('HDEL', key, ARGV[2])
    end
  end
end
if is_reserved then
  call('ZREM', KEYS[5], ARGV[3])
  call('SETRANGE', KEYS[7], 0, 'S')
  call('PEXPIRE', KEYS[7], ARGV[5])
end
return 'applied'
