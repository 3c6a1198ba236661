// What attackers send: bounded, and answered by the end of the connection (CVE-2023-44487, -2019-9511 and following, -2024-27316).
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Headers } from '../http1/headers.ts';
import { Bench, END, get, headers } from './connection-bench.ts';
import { flag, frameType } from './frame.ts';
import { block, frame, uint32 } from './frame-text.ts';
import { HpackEncoder } from './hpack-encoder.ts';

const CALM = 'closed ENHANCE_YOUR_CALM';

/** Sends until the connection ends; how often it was before that. Fails when it never ends. */
function flood(bench: Bench, next: (round: number) => Buffer[], rounds = 100_000): number {
  for (let round = 0; round < rounds; round++) {
    if (bench.transport.ended) return round;
    bench.receive(...next(round));
  }
  assert.fail(`still open after ${rounds} rounds`);
}

function farewell(bench: Bench): string | undefined {
  bench.clock.advance(1000);
  return bench.events.at(-1);
}

describe('abuse', () => {
  it('ends a connection that resets its streams rapidly', () => {
    const bench = new Bench();
    const rounds = flood(bench, (round) => [
      headers(2 * round + 1),
      frame(frameType.rstStream, 0, 2 * round + 1, uint32(8)),
    ]);
    assert.equal(rounds, 201);
    assert.equal(farewell(bench), CALM);
  });

  it('ends one that makes us reset its streams', () => {
    const bench = new Bench();
    const rounds = flood(bench, (round) => [
      headers(2 * round + 1),
      frame(frameType.windowUpdate, 0, 2 * round + 1, uint32(0)),
    ]);
    assert.equal(rounds, 201);
    assert.equal(farewell(bench), CALM);
  });

  it('keeps one that resets some of many streams that are served', () => {
    const bench = new Bench();
    for (let id = 1; id < 20_000; id += 2) {
      bench.receive(headers(id));
      if (id % 4 === 1) bench.receive(frame(frameType.rstStream, 0, id, uint32(8)));
      else bench.streams.get(id)!.sendHead({ kind: 'response', status: 204 }, new Headers(), true);
      bench.streams.clear();
    }
    assert.ok(!bench.transport.ended);
  });

  it('ends floods of frames that move nothing', () => {
    const open = headers(1, get, flag.endHeaders);
    const floods: Record<string, Buffer> = {
      PING: frame(frameType.ping, 0, 0, Buffer.alloc(8)),
      SETTINGS: frame(frameType.settings, 0, 0),
      'SETTINGS that change': frame(frameType.settings, 0, 0, Buffer.from('000100000000', 'hex')),
      'acknowledged SETTINGS': frame(frameType.settings, flag.ack, 0),
      PRIORITY: frame(frameType.priority, 0, 3, Buffer.alloc(5)),
      'empty DATA': frame(frameType.data, 0, 1),
      'DATA of padding alone': frame(frameType.data, flag.padded, 1, Buffer.from([0])),
      WINDOW_UPDATE: frame(frameType.windowUpdate, 0, 0, uint32(1)),
      'WINDOW_UPDATE of a stream': frame(frameType.windowUpdate, 0, 1, uint32(1)),
      'unknown frames': frame(200, 0, 0),
      GOAWAY: frame(frameType.goAway, 0, 0, uint32(0, 0)),
    };
    for (const [what, bytes] of Object.entries(floods)) {
      const bench = new Bench();
      bench.receive(open);
      assert.ok(flood(bench, () => [bytes]) <= 1100, what);
      assert.equal(farewell(bench), CALM, what);
    }
  });

  it('lets such frames pass at an ordinary pace', () => {
    const bench = new Bench();
    for (let second = 0; second < 600; second++) {
      for (let i = 0; i < 20; i++) bench.receive(frame(frameType.ping, 0, 0, Buffer.alloc(8)));
      bench.clock.advance(1000);
    }
    assert.ok(!bench.transport.ended);
  });

  it('holds no answers for a peer that never reads', () => {
    const bench = new Bench('server', { maxIdleFrames: 1_000_000 });
    bench.transport.stuck = true;
    bench.transport.bytesQueued = 1;
    const rounds = flood(bench, () => [frame(frameType.ping, 0, 0, Buffer.alloc(8))]);
    assert.equal(rounds, 1001);
    assert.equal(farewell(bench), CALM);
  });

  it('ends a connection whose peer reads none of many frames, however small', async () => {
    const bench = new Bench('server', { maxQueuedFrames: 50, maxQueuedReplies: 1_000_000 });
    bench.transport.stuck = true;
    for (let round = 0; round < 50 && !bench.transport.ended; round++) {
      bench.receive(frame(frameType.ping, 0, 0, Buffer.alloc(8)));
      await bench.wrote();
    }
    assert.ok(bench.transport.ended);
    assert.equal(farewell(bench), CALM);
  });

  it('holds a peer to what is configured: empty frames in a row, PRIORITY, WINDOW_UPDATE', () => {
    const open = headers(1, get, flag.endHeaders);
    const empty = frame(frameType.data, 0, 1);
    const priority = frame(frameType.priority, 0, 3, Buffer.alloc(5));
    const update = frame(frameType.windowUpdate, 0, 0, uint32(1));
    const survived = ([limits, bytes]: readonly [object, Buffer]): number => {
      const bench = new Bench('server', limits);
      bench.receive(open);
      return flood(bench, () => [bytes]) - 1;
    };
    const floods = [
      [{ maxEmptyFrames: 0 }, empty],
      [{ maxEmptyFrames: 7 }, empty],
      [{ maxPriorities: 3 }, priority],
      [{ windowUpdatesPerData: 1 }, update],
    ] as const;
    assert.deepEqual(floods.map(survived), [0, 7, 6, 7]);
  });

  it('ends CONTINUATION without end: by bytes, and by frames that are empty', () => {
    for (const [fragment, most] of [
      [Buffer.alloc(1000, 0x82), 62],
      [Buffer.alloc(0), 66],
    ] as const) {
      const bench = new Bench();
      bench.receive(frame(frameType.headers, 0, 1, block(get)));
      assert.ok(flood(bench, () => [frame(frameType.continuation, 0, 1, fragment)]) <= most);
      assert.equal(farewell(bench), CALM);
    }
  });

  it('answers 431 to a head that is small in bytes and large decoded, and decodes what comes after it', async () => {
    const encoder = new HpackEncoder();
    const encode = (...fields: [string, string][]): Buffer => {
      encoder.begin();
      for (const [name, value] of fields) encoder.add(name, value);
      return Buffer.from(encoder.end());
    };
    const request = Object.entries(get);
    const bench = new Bench();
    const bomb = encode(...request, ...Array.from({ length: 10_000 }, (): [string, string] => ['x', 'y'.repeat(900)]));
    assert.ok(bomb.length < 16_000);
    bench.receive(frame(frameType.headers, END, 1, bomb));
    bench.receive(frame(frameType.headers, END, 3, encode(...request, ['x', 'y'.repeat(900)])));
    assert.equal(bench.events[0], '1 oversized');
    assert.ok(bench.events[1]?.startsWith('3 head') && bench.events[1].includes('yyy'));
    assert.ok((await bench.wrote()).includes(`HEADERS 1 +${END}`));
  });

  it('counts fields, cookie crumbs and those that are dropped among them', () => {
    for (const name of ['a', 'cookie', 'host']) {
      const bench = new Bench();
      const crumbs = Buffer.concat([block(get), ...Array.from({ length: 100 }, () => block({ [name]: 'a' }))]);
      bench.receive(frame(frameType.headers, END, 1, crumbs));
      assert.deepEqual(bench.events, ['1 oversized'], name);
    }
  });

  it('limits the entries of SETTINGS', () => {
    const bench = new Bench();
    bench.receive(frame(frameType.settings, 0, 0, Buffer.alloc(6 * 33)));
    assert.equal(farewell(bench), CALM);
  });

  it('keeps what a connection can make us hold within its window', () => {
    const bench = new Bench('server', { streamWindow: 65_535, connectionWindow: 200_000 });
    let held = 0;
    bench.answer = (stream) => stream.pauseReading();
    for (let id = 1; id < 200 && !bench.transport.ended; id += 2) {
      bench.receive(headers(id, { ...get, ':method': 'POST' }, flag.endHeaders));
      for (let i = 0; i < 4 && !bench.transport.ended; i++, held += 16_000) {
        bench.receive(frame(frameType.data, 0, id, Buffer.alloc(16_000)));
      }
    }
    assert.ok(held <= 200_000 + 16_000, `${held} bytes`);
    assert.equal(farewell(bench), 'closed FLOW_CONTROL_ERROR');
  });

  it('bounds the interim responses and the head of an upstream', async () => {
    const bench = new Bench('client');
    const request = { kind: 'request', method: 'GET', scheme: 'http', authority: 'a', path: '/' } as const;
    for (const id of [1, 3])
      bench.connection.request(
        bench.handlerOf(() => id),
        request,
        new Headers(),
        true,
      );
    for (let i = 0; i < 17; i++) bench.receive(headers(1, { ':status': '103' }, flag.endHeaders));
    assert.equal(bench.events.at(-1), '1 reset PROTOCOL_ERROR');
    const many = Buffer.concat([block({ ':status': '200' }), ...Array.from({ length: 100 }, () => block({ a: 'b' }))]);
    bench.receive(frame(frameType.headers, END, 3, many));
    assert.equal(bench.events.at(-1), '3 reset ENHANCE_YOUR_CALM');
    assert.ok(!bench.transport.ended);
  });
});
