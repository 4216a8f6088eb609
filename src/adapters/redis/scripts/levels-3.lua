-- Reads SKUs as they stand at one moment, so that available and reserved fit each other.
--
-- KEYS  1 available   2 reserved   3 limit
-- ARGV  sku...
-- Returns {{available...}, {reserved...}, {limit...}}, nil where there is none
local call = redis.call
return {
  call('HMGET', KEYS[1], unpack(ARGV)),
  call('HMGET', KEYS[2], unpack(ARGV)),
  call('HMGET', KEYS[3], unpack(ARGV)),
}
