import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { LocalRateLimitDescriptorSchema } from '@meltemi/api/envoy/extensions/common/ratelimit/v3/ratelimit_pb';
import { ManualClock, msToDuration } from '@meltemi/base';
import type { RateLimitDescriptor } from '@meltemi/decide';
import fc from 'fast-check';
import { localCounters } from '../workers/shared-counters.ts';
import { limitedDescriptors, LocalLimiter } from './local-limiter.ts';
import { RateLimitError } from './rate-limit-error.ts';

const hour = 3_600_000;
const limited = (max: number, ...values: string[]) =>
  create(LocalRateLimitDescriptorSchema, {
    entries: values.map((value) => ({ key: 'k', value })),
    tokenBucket: { maxTokens: max, fillInterval: msToDuration(hour) },
  });
const asked = (value: string): RateLimitDescriptor => ({
  entries: [{ key: 'k', value }],
  limit: undefined,
  hits: undefined,
  givesBack: false,
  announced: undefined,
});

function limiter(defaultTokens: number, maxDynamic: number, ...descriptors: ReturnType<typeof limited>[]) {
  const settings = {
    defaultSize: { maxTokens: defaultTokens, tokensPerFill: 1, fillMs: hour },
    descriptors: limitedDescriptors(descriptors),
    alwaysConsumesDefault: false,
    maxDynamic,
  };
  return new LocalLimiter(settings, 'x', { clock: new ManualClock(), counters: localCounters });
}

test('of each value so many requests get in as its bucket holds, of all others as many as the default one holds', () => {
  const values = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60 });
  fc.assert(
    fc.property(values, (list) => {
      const limits = limiter(4, 10, limited(2, 'a'), limited(3, 'b'));
      const admitted: Record<string, number> = { a: 0, b: 0, c: 0 };
      for (const value of list) if (limits.admit([asked(value)]).allowed) admitted[value]! += 1;
      const count = (value: string) => list.filter((each) => each === value).length;
      assert.deepEqual(admitted, {
        a: Math.min(2, count('a')),
        b: Math.min(3, count('b')),
        c: Math.min(4, count('c')),
      });
    }),
  );
});

test('open values have buckets of their own, and only those that came last keep theirs', () => {
  const limits = limiter(1, 2, limited(1, ''));
  const admits = (value: string) => limits.admit([asked(value)]).allowed;
  assert.deepEqual(['a', 'b', 'a', 'b', 'c', 'b', 'a'].map(admits), [true, true, false, false, true, false, true]);
});

test('descriptors that are there twice or have no entries are refused', () => {
  assert.throws(() => limitedDescriptors([limited(1, 'a'), limited(2, 'a')]), RateLimitError);
  assert.throws(() => limitedDescriptors([limited(1)]), RateLimitError);
});
