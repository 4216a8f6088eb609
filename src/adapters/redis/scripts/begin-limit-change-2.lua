-- Makes a SKU answer busy until set-limit gives it its limit. Beginning again is fine: whoever
-- began before may be gone.
--
-- KEYS  1 generation   2 limit
-- ARGV  1 sku
-- Returns 'closed' or 'applied'
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'closed'
end
redis.call('HSET', KEYS[2], ARGV[1], 'busy')
return 'applied'
