import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { GrpcFrameReader, grpcFrame } from './grpc-frame.ts';

test('messages survive any cuts of the body they came in', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.array(fc.nat(200)), (messages, cuts) => {
      const body = Buffer.concat(messages.map(grpcFrame));
      const reader = new GrpcFrameReader(40);
      const places = [0, ...cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b), body.length];
      const read = places.slice(1).flatMap((end, index) => {
        const part = reader.push(body.subarray(places[index], end));
        assert.ok(typeof part !== 'string');
        return part;
      });
      assert.deepEqual(
        read.map((message) => [...message]),
        messages.map((message) => [...message]),
      );
      assert.ok(reader.atBoundary);
    }),
  );
});

test('a message that is too large or compressed is refused before it is there', () => {
  assert.equal(new GrpcFrameReader(10).push(Buffer.from([0, 0, 0, 0, 11])), 'the message has 11 bytes, of 10 allowed');
  assert.equal(new GrpcFrameReader(10).push(Buffer.from([1, 0, 0, 0, 1])), 'the message is compressed');
});
