-- Begins to write the ledger anew. Whoever begins last owns the rebuild: one that began before
-- and still runs is refused from here on, so that two never mix.
--
-- KEYS  1 generation   2 rebuilding
-- ARGV  1 the new generation
-- Returns 'open' (the ledger sells: nothing was done) or 'ok'
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 'open'
end
redis.call('SET', KEYS[2], ARGV[1])
return 'ok'
