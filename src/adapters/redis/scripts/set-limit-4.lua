-- Replaces a SKU's purchase limit and what each user has bought of it. Long lists of users come
-- in several calls, all but the last with the limit 'busy'.
--
-- KEYS  1 generation   2 limit   3 limit_version   4 bought:<sku>
-- ARGV  1 sku   2 the attempt's version
--       3 the limit, or '' for none, or 'busy' when more calls follow
--       4 '1' in the first call, which forgets the counts there were
--       5... user, units
-- Returns, in this precedence, 'closed', 'refused' (not the attempt that began last),
--       'already_applied' (its limit is set), 'applied'
local call = redis.call
if call('EXISTS', KEYS[1]) == 0 then
  return 'closed'
end
if call('HGET', KEYS[3], ARGV[1]) ~= ARGV[2] then
  return 'refused'
end
if call('HGET', KEYS[2], ARGV[1]) ~= 'busy' then
  return 'already_applied'
end
if ARGV[4] == '1' or ARGV[3] == '' then
  call('DEL', KEYS[4])
end
if ARGV[3] == '' then
  call('HDEL', KEYS[2], ARGV[1])
  return 'applied'
end
for i = 5, #ARGV, 2 do
  call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
end
call('HSET', KEYS[2], ARGV[1], ARGV[3])
return 'applied'
