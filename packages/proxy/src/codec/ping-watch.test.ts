// Holds the asking for signs of life to its rhythm, and to the time that an answer has.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '@meltemi/base';
import type { PingSettings } from './http2-options.ts';
import { PingWatch } from './ping-watch.ts';

const EACH_SECOND: PingSettings = { intervalMs: 1000, jitter: 0.5, timeoutMs: 100, idleMs: 0 };

function watched(settings: PingSettings, roll = 0) {
  const clock = new ManualClock();
  const events: string[] = [];
  const tell = (what: string) => void events.push(`${what} at ${clock.monotonic() - began}`);
  const began = clock.monotonic();
  const connection = { ping: () => tell('ping'), onSilence: () => tell('silence') };
  const watch = new PingWatch(settings, clock, { roll: () => roll }, connection);
  return { clock, watch, events };
}

describe('PING watch', () => {
  it('asks in the interval and its jitter, counted from the answer', () => {
    const { clock, watch, events } = watched(EACH_SECOND, 0.5);
    clock.advance(1250);
    clock.advance(50);
    watch.onPong();
    clock.advance(1250);
    watch.onPong();
    watch.close();
    assert.deepEqual(events, ['ping at 1250', 'ping at 2550']);
    assert.equal(clock.pending, 0);
  });

  it('tells that no answer came in time', () => {
    const { clock, events } = watched(EACH_SECOND);
    clock.advance(1000);
    clock.advance(100);
    assert.deepEqual(events, ['ping at 1000', 'silence at 1100']);
  });

  it('asks before a request on a connection that was silent for long, once', () => {
    const { clock, watch, events } = watched({ ...EACH_SECOND, intervalMs: 0, idleMs: 300 });
    clock.advance(200);
    watch.used();
    watch.heard();
    clock.advance(299);
    watch.used();
    clock.advance(1);
    watch.used();
    watch.used();
    assert.deepEqual(events, ['ping at 500']);
    watch.onPong();
    assert.equal(clock.pending, 0);
  });
});
