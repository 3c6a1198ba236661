import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { LocalitySchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { ManualClock } from '@meltemi/base';
import * as fc from 'fast-check';
import { Batch } from './batch.ts';
import { bytesField, repeatedField, textField, varintField } from './protobuf-fields.ts';

const item = (bytes: number) => new Uint8Array(bytes);

function batch(limits: ConstructorParameters<typeof Batch>[0]) {
  const clock = new ManualClock();
  const sent: number[] = [];
  const receiver = { takes: true };
  const made = new Batch(limits, clock, (items) => {
    if (receiver.takes) sent.push(items.length);
    return receiver.takes;
  });
  return { batch: made, clock, sent, receiver };
}

test('a batch goes when it is large enough, has enough items, or is old enough', () => {
  const { batch: made, clock, sent } = batch({ bytes: 100, items: 3, intervalMs: 1000 });
  made.add(item(60));
  made.add(item(60));
  for (let index = 0; index < 3; index++) made.add(item(1));
  made.add(item(1));
  assert.deepEqual(sent, [2, 3]);
  clock.advance(1000);
  assert.deepEqual(sent, [2, 3, 1]);
  assert.equal(clock.pending, 0);
});

test('what nobody takes waits within bounds, and goes once somebody does', () => {
  const { batch: made, clock, sent, receiver } = batch({ bytes: 1000, intervalMs: 1000 });
  receiver.takes = false;
  let taken = 0;
  while (made.add(item(100_000))) taken++;
  assert.equal(taken, 10);
  receiver.takes = true;
  clock.advance(1000);
  assert.deepEqual(sent, [10]);
  receiver.takes = false;
  made.add(item(2000));
  assert.equal(made.close(), 1);
  assert.equal(clock.pending, 0);
});

test('fields are as protobuf encodes them', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ maxLength: 300 }), (region, zone) => {
      const bytes = Buffer.concat([textField(1, region), textField(2, zone)]);
      const message = fromBinary(LocalitySchema, bytes);
      assert.deepEqual([message.region, message.zone], [region.toWellFormed(), zone.toWellFormed()]);
      const encoded = toBinary(LocalitySchema, create(LocalitySchema, { zone: zone.toWellFormed() }));
      assert.deepEqual(
        repeatedField(9, [encoded, encoded]),
        Buffer.concat([bytesField(9, encoded), bytesField(9, encoded)]),
      );
    }),
  );
  assert.deepEqual([...varintField(1, 300)], [8, 0xac, 2]);
  assert.deepEqual([...varintField(1, 2 ** 40)], [8, 128, 128, 128, 128, 128, 32]);
});
