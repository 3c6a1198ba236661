// What Redis runs to take of a window: one step, by its own clock, for all that ask it.
import type { QuotaAlgorithm } from './quota-counters.ts';

/** Sets `now`, in milliseconds, and reads what is asked: limit, length, amount, whether less will do, bucket length. */
const ASKED = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local limit, length, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local granted = function(left)
  if amount <= left then return amount end
  if ARGV[4] == '1' and left > 0 then return left end
  return 0
end
`;

/** A window begins with the first request after the last one ended. Its key holds when it ends, and what was taken. */
const FIXED = `${ASKED}
local window = redis.call('HMGET', KEYS[1], 'end', 'taken')
local ends, taken = tonumber(window[1]) or 0, tonumber(window[2]) or 0
if length > 0 and now >= ends then
  ends, taken = now + length, 0
end
local took = granted(limit - taken)
redis.call('HSET', KEYS[1], 'end', ends, 'taken', taken + took)
if length > 0 then redis.call('PEXPIRE', KEYS[1], length * 2) end
local reset = 0
if length > 0 then reset = ends - now end
return {took, limit - taken - took, reset}
`;

/** The key holds what was taken in each bucket of time; buckets older than the window are taken away. */
const ROLLING = `${ASKED}
local bucket = tonumber(ARGV[5])
local current = math.floor(now / bucket)
local oldest = current - math.ceil(length / bucket)
local taken, first = 0, current
local buckets = redis.call('HGETALL', KEYS[1])
for i = 1, #buckets, 2 do
  local at = tonumber(buckets[i])
  if at < oldest then
    redis.call('HDEL', KEYS[1], buckets[i])
  else
    taken = taken + tonumber(buckets[i + 1])
    if at < first then first = at end
  end
end
local took = granted(limit - taken)
if took > 0 then
  redis.call('HINCRBY', KEYS[1], current, took)
  redis.call('PEXPIRE', KEYS[1], length * 2)
end
return {took, limit - taken - took, (first + math.ceil(length / bucket) + 1) * bucket - now}
`;

export const SCRIPTS: Readonly<Record<QuotaAlgorithm, string>> = { FIXED_WINDOW: FIXED, ROLLING_WINDOW: ROLLING };
