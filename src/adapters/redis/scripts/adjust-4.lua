-- Changes the units of one SKU that can be sold, once for each change id. Creates the SKU.
-- What was refused once is refused for good: the shop was told so, and the same call may come late.
--
-- KEYS  1 generation   2 available   3 applied:<change>   4 applied:refused:<change>
-- ARGV  1 time to live of the change id's mark, in ms   2 sku   3 delta
--       4 the only generation to do it under
-- Returns, in this precedence, 'closed', 'already_applied', 'refused' (would fall below zero),
--       'applied'
local call = redis.call
if call('GET', KEYS[1]) ~= ARGV[4] then
  return 'closed'
end
if call('EXISTS', KEYS[3]) == 1 then
  return 'already_applied'
end
if call('EXISTS', KEYS[4]) == 1 then
  return 'refused'
end
local available = tonumber(call('HGET', KEYS[2], ARGV[2]) or 0)
if available + tonumber(ARGV[3]) < 0 then
  call('SET', KEYS[4], '1', 'PX', ARGV[1])
  return 'refused'
end

call('SET', KEYS[3], '1', 'PX', ARGV[1])
call('HINCRBY', KEYS[2], ARGV[2], ARGV[3])
return 'applied'
