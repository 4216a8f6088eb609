-- Takes stock for one order, writes its journal entry and puts it in the outbox: all or nothing.
-- A script has no rollback: every read and every refusal comes before the first write.
--
-- KEYS  1 generation   2 available   3 reserved   4 limit   5 outbox   6 unsettled
--       7 journal:<order>   8... bought:<sku>, one for each line
-- ARGV  1 generation the caller knows   2 order id   3 reservation id   4 fingerprint
--       5 user id   6 payload   7 now, in ms
--       8 the most entries the outbox may hold; '' for an order that is in the queue already:
--         no outbox entry is written, and neither limits nor the outbox's length are asked
--       9... sku, units of each line
-- Returns, in this precedence
--       {'closed'}
--       {'replayed', entry} {'conflict', entry}   the journal has the order
--       {'outbox_full'}
--       {'busy'}                                  a limit is being rebuilt: counts cannot be kept
--       {'unknown_sku', sku...}
--       {'out_of_stock', sku, requested, available, ...}   all short lines
--       {'limit_exceeded', sku, limit, bought}    the first
--       the outbox id, or '' when no entry was written: reserved
local call = redis.call
local is_new = ARGV[8] ~= ''

local known = call('MGET', KEYS[1], KEYS[7])
if known[1] ~= ARGV[1] then
  return {'closed'}
end
local entry = known[2]
if entry then
  if string.sub(entry, 3, 66) == ARGV[4] then
    return {'replayed', entry}
  end
  return {'conflict', entry}
end
if is_new and call('XLEN', KEYS[5]) >= tonumber(ARGV[8]) then
  return {'outbox_full'}
end

local count = #KEYS - 7
local skus = {}
for i = 1, count do
  skus[i] = ARGV[7 + 2 * i]
end
local available = call('HMGET', KEYS[2], unpack(skus))
local limits = call('HMGET', KEYS[4], unpack(skus))

local unknown = {'unknown_sku'}
local short = {'out_of_stock'}
for i = 1, count do
  if limits[i] == 'busy' then
    return {'busy'}
  end
  local units = ARGV[8 + 2 * i]
  if not available[i] then
    unknown[#unknown + 1] = skus[i]
  elseif tonumber(available[i]) < tonumber(units) then
    local at = #short
    short[at + 1], short[at + 2], short[at + 3] = skus[i], units, available[i]
  end
end
if #unknown > 1 then
  return unknown
end
if #short > 1 then
  return short
end
if is_new then
  for i = 1, count do
    if limits[i] then
      local bought = call('HGET', KEYS[7 + i], ARGV[5]) or '0'
      if tonumber(bought) + tonumber(ARGV[8 + 2 * i]) > tonumber(limits[i]) then
        return {'limit_exceeded', skus[i], limits[i], bought}
      end
    end
  end
end

for i = 1, count do
  local units = ARGV[8 + 2 * i]
  call('HINCRBY', KEYS[2], skus[i], '-' .. units)
  call('HINCRBY', KEYS[3], skus[i], units)
  if limits[i] then
    call('HINCRBY', KEYS[7 + i], ARGV[5], units)
  end
end
call('SET', KEYS[7], 'R ' .. ARGV[4] .. ' ' .. ARGV[3] .. ' ' .. ARGV[6])
call('ZADD', KEYS[6], ARGV[7], ARGV[2])
if is_new then
  return call('XADD', KEYS[5], '*', 'o', ARGV[6])
end
return ''
