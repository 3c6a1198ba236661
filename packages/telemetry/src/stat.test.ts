import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Histogram, HISTOGRAM_BOUNDS } from './stat.ts';

describe('Histogram', () => {
  it('has no quantile before the first value', () => {
    assert.equal(new Histogram().quantile(0.5), Number.NaN);
  });

  it('keeps quantiles in order, within the bucket of the true one', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 1 }), (values) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        let last = 0;
        for (const quantile of [0.1, 0.5, 0.9, 1]) {
          const estimate = histogram.quantile(quantile);
          const truth = sorted[Math.max(0, Math.ceil(quantile * values.length) - 1)]!;
          assert.ok(estimate >= last && estimate <= histogram.max);
          assert.ok(Math.abs(bucketOf(estimate) - bucketOf(truth)) <= 1, `${estimate} for ${truth}`);
          last = estimate;
        }
      }),
    );
  });
});

function bucketOf(value: number): number {
  return HISTOGRAM_BOUNDS.filter((bound) => bound < value).length;
}
