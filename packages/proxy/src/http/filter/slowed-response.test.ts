import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@meltemi/base';
import fc from 'fast-check';
import type { FilteredStream, StreamFilter } from './http-filter.ts';
import { SlowedResponse } from './slowed-response.ts';

test('all bytes come, in order, no faster than the rate, and the end after them', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 100_000 }), (chunks, rate) => {
      const clock = new ManualClock();
      const began = clock.monotonic();
      let sent = '';
      let ended = 0;
      const perPart = Math.max(1, Math.round(rate / 20));
      const stream = {
        sendResponseBody(_from: StreamFilter, chunk: Buffer) {
          assert.equal(ended, 0);
          sent += chunk.toString('latin1');
          const parts = (clock.monotonic() - began) / 50;
          assert.ok(sent.length <= parts * perPart, `${sent.length} bytes after ${parts} parts of ${perPart}`);
        },
        endResponse: () => void ended++,
        pauseResponse() {},
        unpauseResponse() {},
      } as unknown as FilteredStream;
      const slowed = new SlowedResponse(stream, {}, clock, rate);
      const whole = chunks.map((size, index) => String.fromCharCode(97 + (index % 26)).repeat(size));
      for (const chunk of whole) slowed.add(Buffer.from(chunk));
      assert.equal(slowed.holdEnd(undefined), true);
      const parts = Math.ceil(whole.join('').length / perPart);
      clock.advance(parts * 50);
      assert.equal(sent, whole.join(''));
      assert.equal(ended, 1);
    }),
    { numRuns: 30 },
  );
});

test('a response without a body ends at once; a client that goes leaves no timer', () => {
  const clock = new ManualClock();
  const stream = { sendResponseBody: () => assert.fail('it is over') } as unknown as FilteredStream;
  const slowed = new SlowedResponse(stream, {}, clock, 1024);
  assert.equal(slowed.holdEnd(undefined), false);
  slowed.add(Buffer.from('x'));
  slowed.close();
  clock.advance(1_000);
});
