import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Headers } from '../http1/headers.ts';
import { asRequest, Bench, get, headers } from './connection-bench.ts';
import { flag, frameType } from './frame.ts';
import { block, frame, uint32 } from './frame-text.ts';

describe('streams', () => {
  it('gives the same events however the bytes are cut', () => {
    const whole = Buffer.concat([
      headers(1, { ...get, a: 'b'.repeat(100) }, flag.endHeaders),
      frame(frameType.data, flag.padded, 1, Buffer.from('\x03one\0\0\0', 'latin1')),
      frame(frameType.ping, 0, 0, Buffer.alloc(8)),
      frame(frameType.headers, flag.endStream, 3, block(get).subarray(0, 2)),
      frame(frameType.continuation, 0, 3, Buffer.alloc(0)),
      frame(frameType.continuation, flag.endHeaders, 3, block(get).subarray(2)),
      frame(99, 0xff, 7, Buffer.from('unknown')),
      frame(frameType.data, 0, 1, Buffer.from('two')),
      frame(frameType.priority, 0, 9, uint32(0, 0).subarray(0, 5)),
      headers(1, { t: 'u' }),
      frame(frameType.rstStream, 0, 3, uint32(8)),
    ]);
    const reference = new Bench();
    reference.receive(whole);
    assert.equal(reference.events.length, 7, reference.events.join('\n'));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (cuts) => {
        const bench = new Bench();
        let pos = 0;
        for (const cut of cuts) bench.receive(Buffer.from(whole.subarray(pos, (pos += cut))));
        bench.receive(whole.subarray(pos));
        assert.deepEqual(bench.events, reference.events);
      }),
    );
  });

  it('never throws, whatever bytes come', () => {
    const frames = fc
      .tuple(fc.nat(11), fc.nat(255), fc.nat(7), fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.constant(block(get))))
      .map(([type, flags, id, payload]) => frame(type, flags, id, payload));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(frames, fc.uint8Array({ maxLength: 20 })), { maxLength: 30 }),
        fc.boolean(),
        (parts, server) => {
          const bench = new Bench(server ? 'server' : 'client');
          bench.answer = (stream) => stream.sendHead({ kind: 'response', status: 200 }, new Headers(), true);
          if (!server) {
            const handler = bench.handlerOf(() => 1);
            bench.connection.request(handler, asRequest, new Headers(), true);
          }
          bench.receive(...parts.map((part) => Buffer.from(part)));
          bench.transport.destroy();
          assert.equal(bench.connection.streamCount, 0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('refuses more streams than it allows, and takes them when others have ended', async () => {
    const bench = new Bench('server', { maxConcurrentStreams: 1 });
    bench.receive(headers(1), headers(3));
    assert.deepEqual((await bench.wrote()).slice(3), ['RST_STREAM 3 REFUSED_STREAM']);
    bench.streams.get(1)!.sendHead({ kind: 'response', status: 204 }, new Headers(), true);
    bench.receive(headers(5));
    assert.deepEqual([...bench.streams.keys()], [1, 5]);
  });

  it('tells a client which requests it may send again when the server goes away', () => {
    const bench = new Bench('client');
    for (const id of [1, 3])
      bench.connection.request(
        bench.handlerOf(() => id),
        asRequest,
        new Headers(),
        true,
      );
    bench.receive(frame(frameType.goAway, 0, 0, uint32(1, 0)));
    assert.deepEqual(bench.events, ['3 reset REFUSED_STREAM', 'goaway NO_ERROR']);
    assert.equal(bench.connection.capacity, 0);
    bench.receive(headers(1, { ':status': '204' }));
    assert.equal(bench.events.at(-1), '1 end');
  });

  it('bounds the requests of a client by what the server allows, down to none', () => {
    const bench = new Bench('client');
    bench.receive(frame(frameType.settings, 0, 0, Buffer.from('000300000000', 'hex')));
    assert.equal(bench.connection.capacity, 0);
    assert.equal(
      bench.connection.request(
        bench.handlerOf(() => 1),
        asRequest,
        new Headers(),
        true,
      ),
      undefined,
    );
  });
});

describe('flow control', () => {
  it('sends no more than the windows allow and says when the rest is out', async () => {
    const bench = new Bench();
    bench.receive(headers(1));
    const stream = bench.streams.get(1)!;
    stream.sendHead({ kind: 'response', status: 200 }, new Headers(), false);
    assert.equal(stream.sendBody(Buffer.alloc(70_000), false), false);
    const sizes = (await bench.wrote())
      .filter((line) => line.startsWith('DATA'))
      .map((line) => Number(line.split(' ')[3]));
    assert.deepEqual(sizes, [16_384, 16_384, 16_384, 16_383]);
    bench.receive(frame(frameType.windowUpdate, 0, 1, uint32(10_000)));
    assert.deepEqual(await bench.wrote(), []);
    bench.receive(frame(frameType.windowUpdate, 0, 0, uint32(10_000)));
    assert.deepEqual(await bench.wrote(), ['DATA 1 +0 4465']);
    assert.equal(bench.events.at(-1), '1 drain');
  });

  it('shares a window that is small between streams', async () => {
    const bench = new Bench();
    bench.receive(headers(1), headers(3));
    for (const stream of bench.streams.values()) {
      stream.sendHead({ kind: 'response', status: 200 }, new Headers(), false);
      stream.sendBody(Buffer.alloc(100_000), true);
    }
    bench.receive(...[1, 3].map((id) => frame(frameType.windowUpdate, 0, id, uint32(100_000))));
    await bench.wrote();
    bench.receive(frame(frameType.windowUpdate, 0, 0, uint32(4 * 16_384)));
    const turns = (await bench.wrote()).map((line) => line.split(' ')[1]);
    assert.deepEqual(turns, ['1', '3', '1', '3']);
  });

  it('keeps the windows back while reading is paused, and gives them when it goes on or the stream is gone', async () => {
    const bench = new Bench('server', { streamWindow: 65_535, connectionWindow: 65_535 });
    bench.receive(headers(1, { ...get, ':method': 'POST' }, flag.endHeaders));
    bench.streams.get(1)!.pauseReading();
    await bench.wrote();
    const data = frame(frameType.data, 0, 1, Buffer.alloc(16_000));
    bench.receive(data, data, data);
    assert.deepEqual(await bench.wrote(), []);
    bench.streams.get(1)!.resumeReading();
    assert.deepEqual(await bench.wrote(), ['WINDOW_UPDATE 0 48000', 'WINDOW_UPDATE 1 48000']);
    bench.streams.get(1)!.pauseReading();
    bench.receive(data, data, data);
    bench.streams.get(1)!.reset('CANCEL');
    assert.deepEqual(await bench.wrote(), ['RST_STREAM 1 CANCEL', 'WINDOW_UPDATE 0 48000']);
    bench.receive(data);
    assert.deepEqual(await bench.wrote(), [], 'what was under way is ignored');
  });

  it('holds a stream to its window', async () => {
    const bench = new Bench('server', { streamWindow: 20_000 });
    bench.receive(headers(1, { ...get, ':method': 'POST' }, flag.endHeaders));
    bench.streams.get(1)!.pauseReading();
    await bench.wrote();
    const data = frame(frameType.data, 0, 1, Buffer.alloc(16_000));
    bench.receive(data, data);
    assert.deepEqual(await bench.wrote(), ['RST_STREAM 1 FLOW_CONTROL_ERROR']);
  });
});

describe('shutdown', () => {
  it('announces the end, waits for what is under way, then says which stream was the last', async () => {
    const bench = new Bench();
    bench.receive(headers(1));
    await bench.wrote();
    bench.connection.goAway();
    assert.deepEqual(await bench.wrote(), ['GOAWAY 2147483647 NO_ERROR', 'PING 0 +0']);
    bench.receive(headers(3), frame(frameType.ping, flag.ack, 0, Buffer.from('draining')), headers(5));
    assert.deepEqual(await bench.wrote(), ['GOAWAY 3 NO_ERROR']);
    for (const stream of bench.streams.values())
      stream.sendHead({ kind: 'response', status: 204 }, new Headers(), true);
    assert.deepEqual([...bench.streams.keys()], [1, 3]);
    assert.ok(bench.transport.ended);
    bench.clock.advance(1000);
    assert.equal(bench.events.at(-1), 'closed ');
    assert.equal(bench.clock.pending, 0);
  });

  it('does not wait for a peer that leaves the announcement unanswered', async () => {
    const bench = new Bench();
    bench.connection.goAway();
    await bench.wrote();
    bench.clock.advance(1000);
    assert.deepEqual(await bench.wrote(), ['GOAWAY 0 NO_ERROR']);
    assert.ok(bench.transport.ended);
  });

  it('gives a peer time for as long as it takes some of what is queued', async () => {
    const bench = new Bench();
    bench.transport.stuck = true;
    bench.connection.end('NO_ERROR');
    await bench.wrote();
    assert.ok(bench.transport.ended);
    while (bench.transport.bytesQueued > 1) {
      bench.transport.bytesQueued = Math.floor(bench.transport.bytesQueued / 2);
      bench.clock.advance(1000);
      assert.ok(bench.transport.open);
    }
    bench.clock.advance(1000);
    assert.ok(!bench.transport.open);
  });

  it('resets every stream when the connection is gone', () => {
    const bench = new Bench();
    bench.receive(headers(1), headers(3));
    bench.transport.destroy();
    assert.deepEqual(bench.events.slice(-3), ['1 reset CANCEL', '3 reset CANCEL', 'closed ']);
  });
});
