import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chunkHead, encodeResponseHead, encodeTrailers } from './encode.ts';
import type { ResponseHead } from './head.ts';
import { Headers } from './headers.ts';
import { type ResponseHandler, ResponseParser } from './response-parser.ts';

class Transcript implements ResponseHandler {
  readonly events: string[] = [];
  readonly heads: ResponseHead[] = [];
  #body = '';

  onInformational(head: ResponseHead): void {
    this.events.push(`informational ${head.status}`);
  }

  onHead(head: ResponseHead): void {
    this.heads.push(head);
    this.events.push(
      `head ${head.status} ${head.reason} ${head.bodyLength} ${JSON.stringify([...head.headers.entries()])}`,
    );
  }

  onBody(chunk: Buffer): void {
    this.#body += chunk.toString('latin1');
  }

  onEnd(trailers: Headers | undefined): void {
    this.events.push(`body ${this.#body}`, `end ${JSON.stringify(trailers && [...trailers.entries()])}`);
    this.#body = '';
  }

  onError(error: { code: string; status: number }): void {
    assert.equal(error.status, 502);
    this.events.push(`error ${error.code}`);
  }
}

interface Exchange {
  readonly method?: string;
  readonly upgrade?: boolean;
  readonly close?: boolean;
}

function feed(
  pieces: readonly string[],
  { method = 'GET', upgrade = false, close = false }: Exchange = {},
): Transcript {
  const transcript = new Transcript();
  const parser = new ResponseParser(transcript);
  parser.expect(method, upgrade);
  for (const piece of pieces) parser.execute(Buffer.from(piece, 'latin1'));
  if (close) parser.finish();
  return transcript;
}

function verdict(text: string, exchange?: Exchange): string {
  const last = feed([text], exchange).events.at(-1) ?? 'nothing';
  return last.replace(/^(end|head|informational) .*/s, '$1');
}

const ok = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

const verdicts: readonly (readonly [name: string, response: string, verdict: string, exchange?: Exchange])[] = [
  ['a length', ok('Content-Length: 2\r\n', 'hi'), 'end'],
  ['chunks', ok('Transfer-Encoding: chunked\r\n', '2\r\nhi\r\n0\r\n\r\n'), 'end'],
  ['until close', ok('', 'hi'), 'end', { close: true }],
  ['until close, HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhi', 'end', { close: true }],
  ['no reason', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', 'end'],
  ['no reason and no space', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', 'end'],
  ['cut short in the body', ok('Content-Length: 3\r\n', 'hi'), 'error CUT_SHORT', { close: true }],
  ['cut short in the chunks', ok('Transfer-Encoding: chunked\r\n', '2\r\nhi\r\n'), 'error CUT_SHORT', { close: true }],
  ['cut short in the head', 'HTTP/1.1 200 OK\r\n', 'error CUT_SHORT', { close: true }],
  ['cut short before the head', '', 'error CUT_SHORT', { close: true }],

  ['length and chunks', ok('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'), 'error LENGTH_AND_CHUNKED'],
  ['two lengths', ok('Content-Length: 2\r\nContent-Length: 2\r\n', 'hi'), 'error DUPLICATE_CONTENT_LENGTH'],
  ['a list of lengths', ok('Content-Length: 2, 2\r\n', 'hi'), 'error BAD_CONTENT_LENGTH'],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'error BAD_TRANSFER_ENCODING'],
  ['gzip coding', ok('Transfer-Encoding: gzip\r\n'), 'error BAD_TRANSFER_ENCODING'],
  ['gzip, chunked coding', ok('Transfer-Encoding: gzip, chunked\r\n'), 'error UNKNOWN_TRANSFER_ENCODING'],
  ['bad chunking', ok('Transfer-Encoding: chunked\r\n', 'zz\r\n'), 'error BAD_CHUNK'],
  ['bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'error BAD_LINE_END'],
  ['bare CR in a value', ok('x: a\rb\r\n'), 'error BAD_LINE_END'],
  ['NUL in a value', ok('x: a\0\r\n'), 'error BAD_FIELD_VALUE'],
  ['a folded field', ok('x: a\r\n b\r\n'), 'error OBSOLETE_FOLD'],
  ['no status', 'HTTP/1.1 OK\r\n\r\n', 'error BAD_STATUS_LINE'],
  ['status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'error BAD_STATUS_LINE'],
  ['status 099', 'HTTP/1.1 099 OK\r\n\r\n', 'error BAD_STATUS_LINE'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'error BAD_STATUS_LINE'],
  ['nothing like HTTP', '<html>\r\n\r\n', 'error BAD_STATUS_LINE'],
  ['a head over 60 KiB', ok(`x: ${'a'.repeat(62_000)}\r\n`), 'error HEAD_TOO_LARGE'],
  ['an endless status line', `HTTP/1.1 200 ${'a'.repeat(62_000)}`, 'error HEAD_TOO_LARGE'],

  ['HEAD has no body', ok('Content-Length: 2\r\n'), 'end', { method: 'HEAD' }],
  ['HEAD with a body', ok('Content-Length: 2\r\n', 'hi'), 'error UNSOLICITED_BYTES', { method: 'HEAD' }],
  ['204 has no body', 'HTTP/1.1 204 No Content\r\n\r\n', 'end'],
  ['204 with a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi', 'error UNSOLICITED_BYTES'],
  ['304 with a length has no body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n', 'end'],
  [
    '304 with chunks',
    'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'error UNSOLICITED_BYTES',
  ],
  ['a second response', ok('Content-Length: 0\r\n') + ok('Content-Length: 0\r\n'), 'error UNSOLICITED_BYTES'],

  ['100 then 200', `HTTP/1.1 100 Continue\r\n\r\n${ok('Content-Length: 0\r\n')}`, 'end'],
  ['16 times 103', `${'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'.repeat(16)}${ok('Content-Length: 0\r\n')}`, 'end'],
  ['17 times 100', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17), 'error TOO_MANY_INFORMATIONAL'],
  ['100 with a length', 'HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n', 'error BAD_CONTENT_LENGTH'],
  ['101 nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'error UNEXPECTED_UPGRADE'],
  ['101 asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\nbytes', 'head', { upgrade: true }],
  ['200 to CONNECT', 'HTTP/1.1 200 OK\r\n\r\nbytes', 'head', { method: 'CONNECT' }],
  ['403 to CONNECT', 'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno', 'end', { method: 'CONNECT' }],
];

describe('ResponseParser', () => {
  for (const [name, response, expected, exchange] of verdicts) {
    it(`${name}: ${expected}`, () => assert.equal(verdict(response, exchange), expected));
  }

  it('refuses what is no HTTP as soon as it shows', () => {
    for (const text of ['SSH-2.0-OpenSSH_9.2\r\n', 'X', 'HTTP/2']) {
      assert.equal(verdict(text), 'error BAD_STATUS_LINE', text);
    }
    assert.equal(verdict('HTTP/1', { close: true }), 'error CUT_SHORT');
  });

  it('leaves the bytes behind an upgrade to the caller', () => {
    const parser = new ResponseParser(new Transcript());
    parser.expect('GET', true);
    const head = 'HTTP/1.1 101 Switching Protocols\r\n\r\n';
    assert.equal(parser.execute(Buffer.from(`${head}bytes`)), head.length);
    assert.equal(parser.execute(Buffer.from('more')), 0);
  });

  it('refuses bytes that nothing announced', () => {
    const transcript = new Transcript();
    const parser = new ResponseParser(transcript);
    assert.equal(parser.idle, true);
    assert.equal(parser.execute(Buffer.from(ok('Content-Length: 0\r\n'))), 0);
    assert.deepEqual(transcript.events, ['error UNSOLICITED_BYTES']);
  });

  it('never takes surplus bytes for the answer to a request sent meanwhile', () => {
    const events: string[] = [];
    const parser: ResponseParser = new ResponseParser({
      onInformational: () => undefined,
      onHead: (head) => events.push(`head ${head.status}`),
      onBody: () => undefined,
      onEnd: () => {
        events.push(`end ${parser.surplus}`);
        parser.expect('GET');
      },
      onError: (error) => events.push(error.code),
    });
    parser.expect('GET');
    parser.execute(Buffer.from(ok('Content-Length: 0\r\n') + ok('Content-Length: 0\r\n')));
    assert.deepEqual(events, ['head 200', 'end true', 'UNSOLICITED_BYTES']);
  });

  it('says whether the connection persists', () => {
    const persists = (text: string): boolean => feed([text]).heads[0]!.keepAlive;
    assert.equal(persists(ok('Content-Length: 0\r\n')), true);
    assert.equal(persists(ok('Content-Length: 0\r\nConnection: close\r\n')), false);
    assert.equal(persists(ok('')), false);
    assert.equal(persists('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'), false);
    assert.equal(persists('HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n'), true);
  });

  it('reads what the encoder wrote, the same however the bytes are cut', () => {
    const responses = fc.record({
      status: fc.constantFrom(200, 201, 301, 404, 503),
      reason: fc.constantFrom('', 'OK', 'Not Found'),
      values: fc.array(
        fc.string({ unit: fc.constantFrom(...'ab;="/ \xe9'.split('')), maxLength: 20 }).map((text) => text.trim()),
        { maxLength: 6 },
      ),
      bodies: fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }), { maxLength: 4 }),
      chunked: fc.boolean(),
    });
    fc.assert(
      fc.property(responses, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (response, sizes) => {
        const headers = new Headers();
        response.values.forEach((value, i) => headers.add(`x-${i}`, value));
        const body = response.bodies.join('');
        if (response.chunked) headers.set('transfer-encoding', 'chunked');
        else headers.set('content-length', String(body.length));
        const payload = response.chunked
          ? response.bodies.map((part) => `${chunkHead(part.length)}${part}\r\n`).join('') +
            encodeTrailers(new Headers())
          : body;
        const text = encodeResponseHead(response.status, response.reason, headers) + payload;
        const length = response.chunked ? -1 : body.length;
        const expected = [
          `head ${response.status} ${response.reason} ${length} ${JSON.stringify([...headers.entries()])}`,
          `body ${body}`,
          'end undefined',
        ];
        const pieces: string[] = [];
        for (let at = 0, i = 0; at < text.length; i++) {
          const size = sizes[i % sizes.length]!;
          pieces.push(text.slice(at, at + size));
          at += size;
        }
        assert.deepEqual(feed([text]).events, expected);
        assert.deepEqual(feed(pieces).events, expected);
      }),
    );
  });

  it('survives any bytes', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc.tuple(fc.nat(80), fc.string({ unit: 'binary-ascii', maxLength: 3 })).map(([at, insert]) => {
        const whole = ok('Transfer-Encoding: chunked\r\nx: y\r\n', '2\r\nhi\r\n0\r\n\r\n');
        return whole.slice(0, at) + insert + whole.slice(at + 1);
      }),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (text, close) => {
        const { events } = feed([text], { close });
        assert.ok(events.filter((event) => event.startsWith('error')).length <= 1);
      }),
    );
  });
});
