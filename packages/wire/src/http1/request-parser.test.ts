import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chunkHead, encodeRequestHead, encodeTrailers } from './encode.ts';
import { Headers } from './headers.ts';
import type { RequestHead } from './head.ts';
import { defaultHttp1Limits, type Http1Limits } from './limits.ts';
import { type RequestHandler, RequestParser } from './request-parser.ts';

/** What a parser said, bodies joined: `head …`, `body …`, `end …`, `error CODE status`. */
class Transcript implements RequestHandler {
  readonly events: string[] = [];
  readonly heads: RequestHead[] = [];
  #body = '';

  onHead(head: RequestHead): void {
    this.heads.push(head);
    const { headers, ...rest } = head;
    this.events.push(`head ${JSON.stringify({ ...rest, headers: [...headers.entries()] })}`);
  }

  onBody(chunk: Buffer): void {
    assert.ok(chunk.length > 0);
    this.#body += chunk.toString('latin1');
  }

  onEnd(trailers: Headers | undefined): void {
    this.events.push(`body ${this.#body}`, `end ${JSON.stringify(trailers && [...trailers.entries()])}`);
    this.#body = '';
  }

  onError(error: { code: string; status: number }): void {
    this.events.push(`error ${error.code} ${error.status}`);
  }
}

function feed(pieces: readonly string[], limits?: Http1Limits): Transcript {
  const transcript = new Transcript();
  const parser = new RequestParser(transcript, limits);
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    assert.ok(parser.execute(bytes) <= bytes.length);
  }
  return transcript;
}

/** `ok`, or the error's status and code. */
function verdict(text: string, limits?: Http1Limits): string {
  const { events } = feed([text], limits);
  const last = events.at(-1) ?? 'nothing';
  return last.startsWith('error') ? last.replace(/error (\S+) (\d+)/, '$2 $1') : last.startsWith('end') ? 'ok' : last;
}

const get = (fields: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const post = (fields: string, body = ''): string => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);
const line = (requestLine: string): string => `${requestLine}\r\nHost: a\r\n\r\n`;
const many = (count: number): string => Array.from({ length: count }, (_, i) => `x-${i}: 1\r\n`).join('');

const verdicts: readonly (readonly [name: string, request: string, verdict: string])[] = [
  ['a plain request', get(''), 'ok'],
  ['an empty line before the request', `\r\n${get('')}`, 'ok'],
  ['two empty lines before the request', `\r\n\r\n${get('')}`, '400 BAD_REQUEST_LINE'],
  ['space around values', get('x:  \t a b\t \r\n'), 'ok'],
  ['an empty value', get('x:\r\n'), 'ok'],
  ['bytes over 0x7f in a value', get('x: caf\xe9\r\n'), 'ok'],

  [
    'content-length and transfer-encoding',
    post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    '400 LENGTH_AND_CHUNKED',
  ],
  [
    'transfer-encoding and content-length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', '0\r\n\r\n'),
    '400 LENGTH_AND_CHUNKED',
  ],
  [
    'two equal content-lengths',
    post('Content-Length: 1\r\nContent-Length: 1\r\n', 'a'),
    '400 DUPLICATE_CONTENT_LENGTH',
  ],
  ['a list of equal content-lengths', post('Content-Length: 1, 1\r\n', 'a'), '400 BAD_CONTENT_LENGTH'],
  ['content-length 2^64+1', post('Content-Length: 18446744073709551617\r\n', 'a'), '400 BAD_CONTENT_LENGTH'],
  ['content-length 2^53', post('Content-Length: 9007199254740992\r\n', 'a'), '400 BAD_CONTENT_LENGTH'],
  ['content-length +1', post('Content-Length: +1\r\n', 'a'), '400 BAD_CONTENT_LENGTH'],
  ['content-length -1', post('Content-Length: -1\r\n', 'a'), '400 BAD_CONTENT_LENGTH'],
  ['content-length 0x1', post('Content-Length: 0x1\r\n', 'a'), '400 BAD_CONTENT_LENGTH'],
  ['content-length empty', post('Content-Length:\r\n'), '400 BAD_CONTENT_LENGTH'],
  ['content-length 1 1', post('Content-Length: 1 1\r\n', 'a'), '400 BAD_CONTENT_LENGTH'],
  [
    'transfer-encoding in HTTP/1.0',
    'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    '400 BAD_TRANSFER_ENCODING',
  ],
  ['transfer-encoding gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n'), '501 UNKNOWN_TRANSFER_ENCODING'],
  ['transfer-encoding chunked, gzip', post('Transfer-Encoding: chunked, gzip\r\n'), '400 BAD_TRANSFER_ENCODING'],
  ['transfer-encoding identity', post('Transfer-Encoding: identity\r\n'), '400 BAD_TRANSFER_ENCODING'],
  [
    'transfer-encoding twice chunked',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
    '400 BAD_TRANSFER_ENCODING',
  ],
  ['transfer-encoding xchunked', post('Transfer-Encoding: xchunked\r\n'), '400 BAD_TRANSFER_ENCODING'],
  ['transfer-encoding with vertical tab', post('Transfer-Encoding: \x0bchunked\r\n'), '400 BAD_FIELD_VALUE'],
  ['a tab behind transfer-encoding', post('Transfer-Encoding: chunked\t\r\n', '0\r\n\r\n'), '400 BAD_FIELD_VALUE'],
  ['a space behind transfer-encoding', post('Transfer-Encoding: chunked \r\n', '0\r\n\r\n'), 'ok'],
  ['transfer-encoding empty', post('Transfer-Encoding:\r\n'), '400 BAD_TRANSFER_ENCODING'],
  ['transfer-encoding CHUNKED', post('Transfer-Encoding: CHUNKED\r\n', '0\r\n\r\n'), 'ok'],
  ['transfer-encoding folded', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'), '400 OBSOLETE_FOLD'],
  ['space before the colon', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), '400 BAD_FIELD_NAME'],

  ['a folded field', get('x: a\r\n b\r\n'), '400 OBSOLETE_FOLD'],
  ['a folded field by tab', get('x: a\r\n\tb\r\n'), '400 OBSOLETE_FOLD'],
  ['white space before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', '400 OBSOLETE_FOLD'],
  ['bare LF after the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', '400 BAD_REQUEST_LINE'],
  ['bare LF everywhere', 'GET / HTTP/1.1\nHost: a\n\n', '400 BAD_LINE_END'],
  ['bare LF after a field', get('x: a\ny: b\r\n'), '400 BAD_LINE_END'],
  ['bare CR in a value', get('x: a\rb\r\n'), '400 BAD_LINE_END'],
  ['bare CR at a value end', get('x: a\r\r\n'), '400 BAD_LINE_END'],
  ['NUL in a value', get('x: a\0b\r\n'), '400 BAD_FIELD_VALUE'],
  ['a control in a value', get('x: a\x01\r\n'), '400 BAD_FIELD_VALUE'],
  ['DEL in a value', get('x: a\x7f\r\n'), '400 BAD_FIELD_VALUE'],
  ['a field without colon', get('nothing\r\n'), '400 BAD_FIELD_NAME'],
  ['an empty name', get(': x\r\n'), '400 BAD_FIELD_NAME'],
  ['a name with a space', get('a b: x\r\n'), '400 BAD_FIELD_NAME'],
  ['a name with a byte over 0x7f', get('\xe9: x\r\n'), '400 BAD_FIELD_NAME'],
  ['a name with NUL', get('a\0: x\r\n'), '400 BAD_FIELD_NAME'],

  ['two different hosts', get('Host: b\r\n'), '400 DUPLICATE_HOST'],
  ['two equal hosts', get('Host: a\r\n'), '400 DUPLICATE_HOST'],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', '400 MISSING_HOST'],
  ['no host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 'ok'],
  ['an empty host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', '400 BAD_HOST'],
  ['host a/b', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', '400 BAD_HOST'],
  ['host a b', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', '400 BAD_HOST'],
  ['host u@a', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', '400 BAD_HOST'],
  ['host a:b', 'GET / HTTP/1.1\r\nHost: a:b\r\n\r\n', '400 BAD_HOST'],
  ['host a?x', 'GET / HTTP/1.1\r\nHost: a?x\r\n\r\n', '400 BAD_HOST'],
  ['host a#x', 'GET / HTTP/1.1\r\nHost: a#x\r\n\r\n', '400 BAD_HOST'],
  ['NUL in the host', 'GET / HTTP/1.1\r\nHost: a\0\r\n\r\n', '400 BAD_FIELD_VALUE'],
  ['host with port', 'GET / HTTP/1.1\r\nHost: a.b:8080\r\n\r\n', 'ok'],
  ['host [::1]:80', 'GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n', 'ok'],
  ['host [::1', 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n', '400 BAD_HOST'],

  ['two spaces in the request line', line('GET  / HTTP/1.1'), '400 BAD_REQUEST_LINE'],
  ['a tab in the request line', line('GET\t/ HTTP/1.1'), '400 BAD_REQUEST_LINE'],
  ['two spaces before the version', line('GET /  HTTP/1.1'), '400 BAD_REQUEST_LINE'],
  ['a space behind the version', line('GET / HTTP/1.1 '), '400 BAD_REQUEST_LINE'],
  ['a space before the method', line(' GET / HTTP/1.1'), '400 BAD_REQUEST_LINE'],
  ['HTTP/0.9', line('GET /'), '400 BAD_REQUEST_LINE'],
  ['HTTP/1.2', line('GET / HTTP/1.2'), '505 BAD_VERSION'],
  ['HTTP/2.0', line('GET / HTTP/2.0'), '505 BAD_VERSION'],
  ['HTTP/1.10', line('GET / HTTP/1.10'), '400 BAD_REQUEST_LINE'],
  ['http/1.1', line('GET / http/1.1'), '400 BAD_REQUEST_LINE'],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400 BAD_METHOD'],
  ['an unknown method', line('BREW / HTTP/1.1'), '400 BAD_METHOD'],
  ['a method in lower case', line('get / HTTP/1.1'), '400 BAD_METHOD'],
  ['a method that is no token', line('GE(T / HTTP/1.1'), '400 BAD_METHOD'],
  ['bytes of TLS', '\x16\x03\x01\x02\x00\x01', '400 BAD_REQUEST_LINE'],
  ['a byte over 0x7f in the target', line('GET /\xe9 HTTP/1.1'), '400 BAD_REQUEST_LINE'],
  ['NUL in the target', line('GET /\0 HTTP/1.1'), '400 BAD_REQUEST_LINE'],
  ['%00 in the target is decided later', line('GET /%00 HTTP/1.1'), 'ok'],
  ['a fragment is kept for the caller', line('GET /a#b HTTP/1.1'), 'ok'],
  ['a target without slash', line('GET a HTTP/1.1'), '400 BAD_TARGET'],
  ['* for OPTIONS', line('OPTIONS * HTTP/1.1'), 'ok'],
  ['* for GET', line('GET * HTTP/1.1'), '400 BAD_TARGET'],
  ['an absolute target', line('GET http://b:80/x HTTP/1.1'), 'ok'],
  ['an absolute target without authority', line('GET http:///x HTTP/1.1'), '400 BAD_TARGET'],
  ['an absolute target with a user', line('GET http://a@b/x HTTP/1.1'), '400 BAD_TARGET'],
  ['a fragment right behind an authority', line('GET http://a#b HTTP/1.1'), '400 BAD_TARGET'],
  ['CONNECT with host and port', line('CONNECT a:80 HTTP/1.1'), 'ok'],
  ['CONNECT without port', line('CONNECT a HTTP/1.1'), '400 BAD_TARGET'],
  ['CONNECT with a path', line('CONNECT / HTTP/1.1'), '400 BAD_TARGET'],
  ['CONNECT with a body', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na', '400 BAD_CONTENT_LENGTH'],

  ['connection nominates host', get('Connection: Host\r\n'), '400 PROTECTED_FIELD_NOMINATED'],
  [
    'connection nominates content-length',
    get('Connection: close, content-LENGTH\r\n'),
    '400 PROTECTED_FIELD_NOMINATED',
  ],
  ['connection nominates transfer-encoding', get('Connection: transfer-encoding\r\n'), '400 PROTECTED_FIELD_NOMINATED'],
  ['connection nominates te', get('Connection: TE\r\nTE: trailers\r\n'), 'ok'],

  ['100 fields', get(many(99)), 'ok'],
  ['101 fields', get(many(100)), '431 TOO_MANY_FIELDS'],
  ['150 fields', get(many(149)), '431 TOO_MANY_FIELDS'],
  ['a field of 64 KiB', get(`x: ${'a'.repeat(65536)}\r\n`), '431 HEAD_TOO_LARGE'],
  ['a target of 100 kB', line(`GET /${'a'.repeat(100_000)} HTTP/1.1`), '414 REQUEST_LINE_TOO_LONG'],
  ['an endless head', `GET / HTTP/1.1\r\nx: ${'a'.repeat(70_000)}`, '431 HEAD_TOO_LARGE'],

  ['chunks', chunked('3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n'), 'ok'],
  ['chunk size line ended by bare LF', chunked('3\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk data ended by bare LF', chunked('3\r\nabc\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk data longer than its size', chunked('3\r\nabcd\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['bare CR in a size line', chunked('3\rabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk size 0x3', chunked('0x3\r\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk size +3', chunked('+3\r\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk size -1', chunked('-1\r\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk size empty', chunked('\r\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk size with a space', chunked('3 \r\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk size of 2^53', chunked('20000000000000\r\n'), '400 BAD_CHUNK'],
  ['chunk size of 2^64+3', chunked('10000000000000003\r\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk size with endless zeros', chunked('0'.repeat(20)), '400 BAD_CHUNK'],
  ['chunk extensions', chunked('3;a;b=c;d="e\\"f"\r\nabc\r\n0;z\r\n\r\n'), 'ok'],
  ['bare LF in a chunk extension', chunked('3;a\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['bare LF in a quoted chunk extension', chunked('3;a="\n"\r\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['chunk extension without name', chunked('3;\r\nabc\r\n0\r\n\r\n'), '400 BAD_CHUNK'],
  ['16 kB of chunk extension', chunked(`1;${'a'.repeat(16_384)}\r\na\r\n0\r\n\r\n`), '400 BAD_CHUNK'],
  ['chunk extensions that add up', chunked(`1;${'a'.repeat(1000)}\r\na\r\n`.repeat(20)), '400 BAD_CHUNK'],
  ['last chunk ended by bare LF', chunked('0\n\r\n'), '400 BAD_CHUNK'],
  ['empty trailers ended by bare LF', chunked('0\r\n\n'), '400 BAD_LINE_END'],
  ['trailers', chunked('0\r\nx: y\r\n\r\n'), 'ok'],
  ['trailers ended by bare LF', chunked('0\r\nx: y\n\n'), '400 BAD_LINE_END'],
  ['trailer content-length', chunked('0\r\ncontent-length: 1\r\n\r\n'), '400 BAD_TRAILER'],
  ['trailer transfer-encoding', chunked('0\r\ntransfer-encoding: chunked\r\n\r\n'), '400 BAD_TRAILER'],
  ['trailer connection', chunked('0\r\nconnection: close\r\n\r\n'), '400 BAD_TRAILER'],
  ['trailer host', chunked('0\r\nhost: b\r\n\r\n'), '400 BAD_TRAILER'],
  ['101 trailers', chunked(`0\r\n${many(101)}\r\n`), '431 TOO_MANY_FIELDS'],
  ['1 MB of trailers', chunked(`0\r\nx: ${'a'.repeat(1_000_000)}\r\n\r\n`), '431 HEAD_TOO_LARGE'],
];

describe('RequestParser', () => {
  for (const [name, request, expected] of verdicts) {
    it(`${name}: ${expected}`, () => assert.equal(verdict(request), expected));
  }

  it('reads a head as it was sent', () => {
    const { heads } = feed([
      'POST /a?b HTTP/1.1\r\nHOST: h:1\r\nX-Odd: A \r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\nhi',
    ]);
    const { headers, ...rest } = heads[0]!;
    assert.deepEqual(rest, {
      method: 'POST',
      target: '/a?b',
      version: 11,
      bodyLength: 2,
      keepAlive: true,
      upgrade: undefined,
      expectContinue: true,
    });
    assert.deepEqual(
      [...headers.entries()],
      [
        ['host', 'h:1'],
        ['x-odd', 'A'],
        ['content-length', '2'],
        ['expect', '100-Continue'],
      ],
    );
  });

  it('says whether the connection persists', () => {
    const persists = (version: string, connection: string): boolean =>
      feed([`GET / HTTP/${version}\r\nHost: a\r\n${connection}\r\n`]).heads[0]!.keepAlive;
    assert.equal(persists('1.1', ''), true);
    assert.equal(persists('1.1', 'Connection: foo, Close\r\n'), false);
    assert.equal(persists('1.0', ''), false);
    assert.equal(persists('1.0', 'Connection: Keep-Alive\r\n'), true);
    assert.equal(persists('1.1', 'Connection: keep-alive\r\nConnection: close\r\n'), false);
  });

  it('reads pipelined requests one after the other', () => {
    const { heads } = feed([`${post('Content-Length: 3\r\n', 'abc')}${chunked('1\r\nx\r\n0\r\n\r\n')}\r\n${get('')}`]);
    assert.deepEqual(
      heads.map((head) => head.bodyLength),
      [3, -1, 0],
    );
  });

  it('leaves pipelined bytes to the caller when paused at an end', () => {
    const parser: RequestParser = new RequestParser({
      onHead: () => undefined,
      onBody: () => undefined,
      onEnd: () => parser.pause(),
      onError: () => assert.fail(),
    });
    const one = post('Content-Length: 3\r\n', 'abc');
    const bytes = Buffer.from(one + one);
    assert.equal(parser.execute(bytes), one.length);
    assert.equal(parser.idle, true);
    assert.equal(parser.execute(bytes.subarray(one.length)), 0);
    parser.resume();
    assert.equal(parser.execute(bytes.subarray(one.length)), one.length);
  });

  it('stops behind an upgrade until it goes on as HTTP', () => {
    const transcript = new Transcript();
    const parser = new RequestParser(transcript);
    const upgrade = get('Connection: Upgrade\r\nUpgrade: websocket\r\n');
    const bytes = Buffer.from(`${upgrade}\x81\x01`, 'latin1');
    assert.equal(parser.execute(bytes), upgrade.length);
    assert.equal(transcript.heads[0]!.upgrade, 'websocket');
    parser.resume();
    assert.equal(parser.execute(Buffer.from(get(''))), get('').length);
    assert.equal(transcript.heads.length, 2);
  });

  it('ignores an upgrade that connection does not name, and any in HTTP/1.0', () => {
    assert.equal(feed([get('Upgrade: websocket\r\n')]).heads[0]!.upgrade, undefined);
    const old = 'GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n';
    assert.equal(feed([old]).heads[0]!.upgrade, undefined);
  });

  it('takes nothing behind a request that closes the connection', () => {
    const closing = get('Connection: close\r\n');
    const transcript = new Transcript();
    const parser = new RequestParser(transcript);
    assert.equal(parser.execute(Buffer.from(closing + get(''))), closing.length);
    assert.equal(parser.execute(Buffer.from(get(''))), 0);
    parser.finish();
    assert.deepEqual(transcript.events.slice(1), ['body ', 'end undefined']);
  });

  it('stops behind CONNECT', () => {
    const transcript = new Transcript();
    const parser = new RequestParser(transcript);
    const connect = line('CONNECT a:443 HTTP/1.1');
    assert.equal(parser.execute(Buffer.from(`${connect}tunnel`)), connect.length);
  });

  it('reports a connection that ends inside a request, and only then', () => {
    const cut = (text: string): readonly string[] => {
      const transcript = new Transcript();
      const parser = new RequestParser(transcript);
      parser.execute(Buffer.from(text));
      parser.finish();
      return transcript.events.filter((event) => event.startsWith('error'));
    };
    assert.deepEqual(cut(''), []);
    assert.deepEqual(cut(get('')), []);
    assert.deepEqual(cut('GET'), ['error CUT_SHORT 400']);
    assert.deepEqual(cut(post('Content-Length: 2\r\n', 'a')), ['error CUT_SHORT 400']);
    assert.deepEqual(cut(chunked('0\r\n')), ['error CUT_SHORT 400']);
  });

  it('takes nothing after an error', () => {
    const transcript = new Transcript();
    const parser = new RequestParser(transcript);
    parser.execute(Buffer.from('nonsense\r\n\r\n'));
    assert.equal(parser.execute(Buffer.from(get(''))), 0);
    assert.deepEqual(transcript.events, ['error BAD_REQUEST_LINE 400']);
  });

  it('stops when reset inside a callback, and begins anew', () => {
    let heads = 0;
    const parser: RequestParser = new RequestParser({
      onHead: () => {
        heads++;
        parser.reset();
      },
      onBody: () => assert.fail(),
      onEnd: () => assert.fail(),
      onError: () => assert.fail(),
    });
    assert.equal(parser.execute(Buffer.from(get('') + get(''))), get('').length);
    assert.equal(heads, 1);
    assert.equal(parser.idle, true);
  });

  it('gives the same events however the bytes are cut', () => {
    fc.assert(
      fc.property(requests, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (messages, sizes) => {
        const text = messages.join('');
        const whole = feed([text]);
        assert.equal(whole.events.filter((event) => event.startsWith('head')).length, messages.length);
        assert.deepEqual(feed(cut(text, sizes)).events, whole.events);
      }),
    );
  });

  it('gives the same verdict on every listed request fed byte by byte', () => {
    for (const [name, request] of verdicts.filter(([, request]) => request.length < 500)) {
      const bytewise = feed(request.split('')).events;
      const whole = feed([request]).events;
      assert.equal(bytewise.at(-1)?.startsWith('error'), whole.at(-1)?.startsWith('error'), name);
    }
  });

  it('survives any bytes and any mutation of a request', () => {
    const mutated = fc
      .tuple(
        requests,
        fc.array(fc.tuple(fc.nat(2000), fc.string({ unit: 'binary-ascii', maxLength: 3 })), { maxLength: 4 }),
      )
      .map(([messages, changes]) =>
        changes.reduce(
          (text, [at, insert]) => text.slice(0, at % text.length) + insert + text.slice((at % text.length) + 1),
          messages.join(''),
        ),
      );
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string({ unit: 'binary-ascii' })), (text) => {
        const { events } = feed([text], { ...defaultHttp1Limits, maxHeaders: 10 });
        assert.ok(events.filter((event) => event.startsWith('error')).length <= 1);
      }),
    );
  });

  it('enforces its limits however the bytes come', () => {
    const limits = { maxHeadBytes: 60, maxHeaders: 3 };
    const fits = get('').padEnd(0);
    assert.equal(verdict(fits, limits), 'ok');
    for (const text of [get(`x: ${'a'.repeat(60)}\r\n`), get(many(3)), line(`GET /${'a'.repeat(70)} HTTP/1.1`)]) {
      assert.equal(feed(text.split(''), limits).events.at(-1), feed([text], limits).events.at(-1));
    }
  });
});

function* sizesOf(sizes: Iterable<number>): Generator<number> {
  yield* sizes;
}

function cut(text: string, sizes: Iterable<number>): string[] {
  const pieces: string[] = [];
  const next = sizesOf(sizes);
  for (let at = 0; at < text.length;) {
    const size = next.next().value as number;
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

const tokens = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.!~'.split('')), minLength: 1, maxLength: 12 });
const values = fc
  .string({ unit: fc.constantFrom(...'abc XYZ,;="/\t\xe9~'.split('')), maxLength: 30 })
  .map((text) => text.trim());
const fields = fc.array(
  fc.tuple(
    tokens.map((name) => `x-${name.toLowerCase()}`),
    values,
  ),
  { maxLength: 8 },
);
const bodies = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 50 }), { maxLength: 5 });

/** Well-formed requests as the encoder writes them: without body, with a length, chunked with trailers. */
const requests: fc.Arbitrary<string[]> = fc.array(
  fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'M-SEARCH'),
      path: tokens,
      fields,
      bodies,
      trailers: fields,
      form: fc.nat(2),
    })
    .map(({ method, path, fields, bodies, trailers, form }) => {
      const headers = headersOf([['host', 'example.com'], ...fields]);
      if (form === 0) return encodeRequestHead(method, `/${path}`, headers);
      if (form === 1) {
        const body = bodies.join('');
        headers.set('content-length', String(body.length));
        return encodeRequestHead(method, `/${path}`, headers) + body;
      }
      headers.set('transfer-encoding', 'chunked');
      const chunks = bodies.map((body) => `${chunkHead(body.length)}${body}\r\n`).join('');
      return encodeRequestHead(method, `/${path}`, headers) + chunks + encodeTrailers(headersOf(trailers));
    }),
  { minLength: 1, maxLength: 3 },
);

function headersOf(fields: readonly (readonly [string, string])[]): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) headers.add(name, value);
  return headers;
}
