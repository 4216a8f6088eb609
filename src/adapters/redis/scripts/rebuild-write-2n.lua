-- Runs plain write commands, provided that the ledger is closed and the rebuild is still ours.
--
-- KEYS  1 generation   2 rebuilding   3... every other key that the commands name
-- ARGV  1 the new generation   2... for each command: its number of words, then its words
-- Returns 'refused' (open, or another rebuild has begun: nothing was done) or 'ok'
local call = redis.call
local now = call('MGET', KEYS[1], KEYS[2])
if now[1] or now[2] ~= ARGV[1] then
  return 'refused'
end
local at = 2
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  call(unpack(ARGV, at + 1, last))
  at = last + 1
end
return 'ok'
