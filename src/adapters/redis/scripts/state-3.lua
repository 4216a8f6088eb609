-- Reads what the ledger as a whole looks like at one moment.
--
-- KEYS  1 generation   2 outbox   3 unsettled
-- Returns {generation or nil, last outbox id, outbox length, oldest outbox id or nil,
--       number of unsettled entries, time of the oldest in ms or nil}
local call = redis.call
local last, length, first = '0-0', 0, false
if call('EXISTS', KEYS[2]) == 1 then
  local info = call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      last = info[i + 1]
    elseif info[i] == 'length' then
      length = info[i + 1]
    elseif info[i] == 'first-entry' and info[i + 1] then
      first = info[i + 1][1]
    end
  end
end
local oldest = call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
return {call('GET', KEYS[1]), last, length, first, call('ZCARD', KEYS[3]), oldest[2] or false}
