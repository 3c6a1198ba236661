import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { TokenBucketSchema } from '@meltemi/api/envoy/type/v3/token_bucket_pb';
import { ManualClock, msToDuration } from '@meltemi/base';
import fc from 'fast-check';
import { countersMemory, countersOver, localCounters } from '../workers/shared-counters.ts';
import { RateLimitError } from './rate-limit-error.ts';
import { bucketSize, TokenBucket } from './token-bucket.ts';

const sizes = fc.record({
  maxTokens: fc.integer({ min: 1, max: 5000 }),
  tokensPerFill: fc.integer({ min: 1, max: 5000 }),
  fillMs: fc.integer({ min: 50, max: 100_000 }),
});
const steps = fc.array(
  fc.record({ waitMs: fc.integer({ min: 0, max: 5000 }), tokens: fc.integer({ min: 1, max: 5 }) }),
  {
    maxLength: 60,
  },
);

test('gives never more than its size and what came back since, and nearly all of that', () => {
  fc.assert(
    fc.property(sizes, steps, fc.boolean(), (size, script, shared) => {
      const clock = new ManualClock(1_790_000_000_000);
      const counters = shared ? countersOver(countersMemory()) : localCounters;
      const bucket = new TokenBucket(size, 'b', { clock, counters });
      const rate = size.tokensPerFill / size.fillMs;
      let exact = size.maxTokens;
      let taken = 0;
      let waited = 0;
      for (const { waitMs, tokens } of script) {
        clock.advance(waitMs);
        waited += waitMs;
        exact = Math.min(size.maxTokens, exact + waitMs * rate);
        if (!bucket.take(tokens)) {
          // One refill at a time may still be missing, and what rounding lost.
          assert.ok(
            tokens > size.maxTokens || exact < tokens + 1 + 0.01 * taken + 2 * rate,
            `${exact} left, ${tokens} refused`,
          );
          continue;
        }
        exact -= tokens;
        taken += tokens;
        assert.ok(exact > -0.000_1, `${-exact} tokens too many`);
        assert.ok(taken <= size.maxTokens + waited * rate + 0.000_1);
      }
    }),
    { numRuns: 150 },
  );
});

test('buckets of one name in several workers share their tokens', () => {
  const clock = new ManualClock(1000);
  const memory = countersMemory();
  const size = { maxTokens: 10, tokensPerFill: 10, fillMs: 1000 };
  const [one, other] = [0, 1].map(() => new TokenBucket(size, 'b', { clock, counters: countersOver(memory) }));
  assert.equal(one!.take(6), true);
  assert.equal(other!.take(6), false);
  assert.equal(other!.remaining, 4);
  assert.equal(other!.take(4), true);
  assert.equal(one!.nextTokenMs, 100);
  clock.advance(500);
  assert.deepEqual([one!.remaining, other!.remaining], [5, 5]);
  one!.close();
  other!.close();
  const next = new TokenBucket(size, 'b', { clock, counters: countersOver(memory) });
  assert.equal(next.remaining, 10);
});

test('a clock that goes back gives nothing', () => {
  const clock = new ManualClock(10_000);
  const bucket = new TokenBucket({ maxTokens: 1, tokensPerFill: 1, fillMs: 1000 }, 'b', {
    clock,
    counters: localCounters,
  });
  assert.equal(bucket.take(), true);
  clock.advance(-5000);
  assert.equal(bucket.take(), false);
  clock.advance(1000);
  assert.equal(bucket.take(), true);
});

test('a bucket that never fills, or too often, is refused', () => {
  const size = (maxTokens: number, fillMs: number) => () =>
    bucketSize(create(TokenBucketSchema, { maxTokens, fillInterval: msToDuration(fillMs) }));
  assert.deepEqual(size(3, 50)(), { maxTokens: 3, tokensPerFill: 1, fillMs: 50 });
  for (const bad of [size(0, 50), size(1, 49), size(1, 0), () => bucketSize(undefined)])
    assert.throws(bad, RateLimitError);
});
