import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageCounter } from './grpc-messages.ts';

test('messages are counted whatever the chunks', () => {
  const lengths = fc.array(fc.nat(300), { maxLength: 8 });
  fc.assert(
    fc.property(lengths, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (sizes, cuts) => {
      const stream = Buffer.concat(
        sizes.map((size) => {
          const message = Buffer.alloc(5 + size);
          message.writeUInt32BE(size, 1);
          return message;
        }),
      );
      const counter = new MessageCounter();
      let counted = 0;
      for (let at = 0; at < stream.length;) {
        const size = cuts.next().value as number;
        counted += counter.add(stream.subarray(at, at + size));
        at += size;
      }
      assert.equal(counter.count, sizes.length);
      assert.equal(counted, sizes.length);
    }),
  );
});
