import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RespValue, RespReader } from './resp-reader.ts';

function values(stream: Buffer, cuts: () => number): readonly RespValue[] | 'refused' {
  const read: RespValue[] = [];
  const reader = new RespReader((value) => void read.push(value));
  for (let at = 0; at < stream.length;) {
    const size = cuts();
    if (!reader.read(stream.subarray(at, at + size))) return 'refused';
    at += size;
  }
  return read;
}

const whole = (text: string) => values(Buffer.from(text, 'latin1'), () => text.length);

test('commands are found whatever the chunks and whatever is in their arguments', () => {
  const argument = fc.uint8Array({ maxLength: 80 });
  const name = fc.stringMatching(/^[a-zA-Z]{1,20}$/);
  const command = fc.tuple(name, fc.array(argument, { maxLength: 4 }));
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 6 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
      (list, cuts) => {
        const stream = Buffer.concat(
          list.flatMap(([word, rest]) => [
            Buffer.from(`*${rest.length + 1}\r\n`),
            ...[Buffer.from(word), ...rest].flatMap((each) => [
              Buffer.from(`$${each.length}\r\n`),
              each,
              Buffer.from('\r\n'),
            ]),
          ]),
        );
        const read = values(stream, () => cuts.next().value as number);
        assert.deepEqual(
          read,
          list.map(([word]) => ({ kind: '*', word: word.toLowerCase() })),
        );
      },
    ),
  );
});

test('answers of all kinds are one value each', () => {
  assert.deepEqual(
    whole('+OK\r\n-ERR no such key\r\n:5\r\n$-1\r\n*0\r\n*2\r\n*1\r\n:1\r\n$2\r\nab\r\n%1\r\n+k\r\n+v\r\n_\r\n'),
    [
      { kind: '+', word: '' },
      { kind: '-', word: 'err' },
      { kind: ':', word: '' },
      { kind: '$', word: '' },
      { kind: '*', word: '' },
      { kind: '*', word: 'ab' },
      { kind: '%', word: '' },
      { kind: '_', word: '' },
    ],
  );
});

test('what is no Redis is refused, and never read without end', () => {
  for (const text of ['GET /\r\n', '*x\r\n', '$5 \r\n', 'x\n', '*1\r\n'.repeat(40)])
    assert.equal(whole(text), 'refused');
  assert.equal(whole(`+${'a'.repeat(70_000)}`), 'refused');
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void values(Buffer.from(bytes), () => 7)));
});
