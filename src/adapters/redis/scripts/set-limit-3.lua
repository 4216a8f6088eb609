-- Replaces a SKU's purchase limit and what each user has bought of it. Long lists of users come
-- in several calls, all but the last with the limit 'busy'.
--
-- KEYS  1 generation   2 limit   3 bought:<sku>
-- ARGV  1 sku   2 the limit, or '' for none, or 'busy' when more calls follow
--       3 '1' in the first call, which forgets the counts there were
--       4... user, units
-- Returns 'closed' or 'applied'
local call = redis.call
if call('EXISTS', KEYS[1]) == 0 then
  return 'closed'
end
if ARGV[3] == '1' or ARGV[2] == '' then
  call('DEL', KEYS[3])
end
if ARGV[2] == '' then
  call('HDEL', KEYS[2], ARGV[1])
  return 'applied'
end
for i = 4, #ARGV, 2 do
  call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 'applied'
