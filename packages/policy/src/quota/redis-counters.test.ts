// Counts in a real Redis are those that memory keeps, for all that share them.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { ManualClock, silentLogger, systemClock } from '@meltemi/base';
import { type RunningRedis, startRedis } from '@meltemi/testkit';
import fc from 'fast-check';

import { MemoryCounters, type QuotaLimit } from './quota-counters.ts';
import { RedisCounters } from './redis-counters.ts';

const program = process.env['MELTEMI_REDIS'];
const skip = program ? false : 'MELTEMI_REDIS names no redis-server';

/** A port that nothing listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe('a Redis', { skip }, () => {
  let redis: RunningRedis;
  let counters: RedisCounters;
  let other: RedisCounters;
  before(async () => {
    redis = await startRedis(program!, await freePort());
    [counters, other] = [1, 2].map(() => new RedisCounters(`127.0.0.1:${redis.port}`, systemClock(), silentLogger)) as [
      RedisCounters,
      RedisCounters,
    ];
  });
  after(async () => {
    counters.close();
    other.close();
    await redis.stop();
  });

  let keys = 0;
  const limits = fc.record({
    maxAmount: fc.integer({ min: 0, max: 10 }),
    lengthMs: fc.constantFrom(0, 3_600_000),
    algorithm: fc.constantFrom<QuotaLimit['algorithm']>('FIXED_WINDOW', 'ROLLING_WINDOW'),
  });
  const takes = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { maxLength: 12 });

  test('grants what memory grants, within a window', async () => {
    const property = fc.asyncProperty(limits, takes, async (limit, asked) => {
      const key = `same-${keys++}`;
      const memory = new MemoryCounters(new ManualClock(0));
      for (const [amount, bestEffort] of asked) {
        const { granted, left } = memory.take(key, limit, amount, bestEffort);
        const taken = await counters.take(key, limit, amount, bestEffort);
        assert.deepEqual([taken.granted, taken.left], [granted, left]);
      }
    });
    await fc.assert(property, { numRuns: 50 });
  });

  for (const algorithm of ['FIXED_WINDOW', 'ROLLING_WINDOW'] as const) {
    test(`grants no more to all together, and again when time has passed: ${algorithm}`, async () => {
      const limit = { maxAmount: 20, lengthMs: 400, algorithm, bucketMs: 50 };
      const take = async (from: RedisCounters) => (await from.take(algorithm, limit, 1, false)).granted;
      const asked = Array.from({ length: 60 }, (_, index) => take(index % 2 === 0 ? counters : other));
      assert.equal(
        (await Promise.all(asked)).reduce((sum, granted) => sum + granted),
        20,
      );
      const { granted, resetMs } = await counters.take(algorithm, limit, 1, false);
      assert.equal(granted, 0);
      assert.ok(resetMs > 0 && resetMs <= 500, String(resetMs));
      await new Promise((resolve) => setTimeout(resolve, resetMs + 5));
      assert.equal(await take(other), 1);
    });
  }
});

test('one that is not there is an error with its place, without the password', async () => {
  const port = await freePort();
  const counters = new RedisCounters(`redis://:secret@127.0.0.1:${port}`, systemClock(), silentLogger);
  const limit = { maxAmount: 1, lengthMs: 1000, algorithm: 'FIXED_WINDOW' } as const;
  await assert.rejects(counters.take('x', limit, 1, false), (error: Error) => {
    assert.deepEqual(Object(error).code, 'UNAVAILABLE');
    assert.match(error.message, new RegExp(`^redis 127.0.0.1:${port}: `));
    return !error.message.includes('secret');
  });
  counters.close();
});
