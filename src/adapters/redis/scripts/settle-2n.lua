-- Marks reservations as written in the book: their units leave `reserved`, their journal entries
-- live on for a while to answer repeats. A mark whose entry is missing, belongs to another
-- reservation or is settled already changes nothing.
--
-- KEYS  1 reserved   2 unsettled   3... journal:<order>, one for each mark
-- ARGV  for each mark: order id, reservation id, time to live in ms, number of lines,
--       then sku, units of each line
-- Returns the number of entries that were settled now
local call = redis.call
local orders, entries, times, skus, units = {}, {}, {}, {}, {}
local seen = {}
local at = 1
for i = 3, #KEYS do
  local order, lines = ARGV[at], tonumber(ARGV[at + 3])
  local head = call('GETRANGE', KEYS[i], 0, 102)
  local is_ours = string.sub(head, 68) == ARGV[at + 1]
  -- The same order twice in one batch must not be subtracted twice.
  if is_ours and string.sub(head, 1, 1) == 'R' and not seen[order] then
    seen[order] = true
    local n = #orders + 1
    orders[n], entries[n], times[n] = order, KEYS[i], ARGV[at + 2]
    for line = at + 4, at + 2 + 2 * lines, 2 do
      local sku = ARGV[line]
      if not units[sku] then
        units[sku] = 0
        skus[#skus + 1] = sku
      end
      units[sku] = units[sku] + tonumber(ARGV[line + 1])
    end
  end
  at = at + 4 + 2 * lines
end
if #orders == 0 then
  return 0
end

-- ZREM first: it is allowed when memory is used up, and with it every later write of the script.
-- Settling is what lets memory go again, so it must not be refused then.
call('ZREM', KEYS[2], unpack(orders))
for i = 1, #orders do
  call('SETRANGE', entries[i], 0, 'S')
  call('PEXPIRE', entries[i], times[i])
end
for i = 1, #skus do
  call('HINCRBY', KEYS[1], skus[i], -units[skus[i]])
end
return #orders
