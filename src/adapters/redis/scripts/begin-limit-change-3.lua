-- Makes a SKU answer busy until set-limit gives it its limit. Another attempt, with a later version,
-- may begin at any time: whoever began before may be gone.
--
-- KEYS  1 generation   2 limit   3 limit_version
-- ARGV  1 sku   2 the attempt's version
-- Returns, in this precedence, 'closed', 'refused' (a later attempt has begun), 'already_applied'
--       (this one's limit is set), 'applied'
local call = redis.call
if call('EXISTS', KEYS[1]) == 0 then
  return 'closed'
end
local last = tonumber(call('HGET', KEYS[3], ARGV[1]) or 0)
local version = tonumber(ARGV[2])
if last > version then
  return 'refused'
end
if last == version and call('HGET', KEYS[2], ARGV[1]) ~= 'busy' then
  return 'already_applied'
end
call('HSET', KEYS[2], ARGV[1], 'busy')
call('HSET', KEYS[3], ARGV[1], ARGV[2])
return 'applied'
