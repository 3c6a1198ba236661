// Requests that servers read in different ways: each has one verdict, and no upstream ever sees more than one request for it.
// The rows of the parsers alone stand in packages/wire: request-parser.test.ts, response-parser.test.ts, message-rules.test.ts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { startGuardedProxy } from './support/guarded-proxy.ts';
import { rawExchange } from './support/raw-exchange.ts';
import { fieldBlock, FLAG, FRAME, frame, getBlock, RawHttp2 } from './support/raw-http2.ts';

const get = (fields = '', target = '/x'): string => `GET ${target} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`;
const post = (fields: string, body: string): string => `POST /x HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n${body}`;
const hidden = 'GET /hidden HTTP/1.1\r\nHost: a.test\r\n\r\n';
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

/** Refused rows close the connection and reach no upstream; `upstream` is what arrives otherwise. */
interface Row {
  readonly id: string;
  readonly input: string;
  readonly status: number;
  readonly upstream?: string;
}

const refused = (id: string, input: string, status = 400): Row => ({ id, input, status });
const passed = (id: string, input: string, upstream: string): Row => ({ id, input, status: 200, upstream });

const HTTP1_ROWS: readonly Row[] = [
  refused(
    'content-length and transfer-encoding',
    post('Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${hidden}`),
  ),
  refused(
    'transfer-encoding and content-length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 6\r\n', `0\r\n\r\n${hidden}`),
  ),
  refused('two equal content-lengths', post('Content-Length: 1\r\nContent-Length: 1\r\n', `a${hidden}`)),
  refused('two different content-lengths', post('Content-Length: 0\r\nContent-Length: 1\r\n', `a${hidden}`)),
  refused('content-length 1, 1', post('Content-Length: 1, 1\r\n', `a${hidden}`)),
  refused('content-length 2^64+1', post('Content-Length: 18446744073709551617\r\n', `a${hidden}`)),
  refused(
    'transfer-encoding in HTTP/1.0',
    `POST /x HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  ),
  refused('chunk line ended by bare LF', chunked(`1\na\r\n0\r\n\r\n${hidden}`)),
  refused('bare CR in a value', get('x: a\rContent-Length: 1\r\n')),
  refused('NUL in a value', get('x: a\0b\r\n')),
  refused('NUL in the host', 'GET /x HTTP/1.1\r\nHost: a\0b\r\n\r\n'),
  refused('a folded field', get('x: a\r\n b\r\n')),
  refused('a folded transfer-encoding', post('Transfer-Encoding:\r\n chunked\r\n', `0\r\n\r\n${hidden}`)),
  refused('two different hosts', get('Host: b.test\r\n')),
  refused('two equal hosts', get('Host: a.test\r\n')),
  refused('no host', 'GET /x HTTP/1.1\r\n\r\n'),
  passed('the host of an absolute target counts', get('', 'http://b.test/y'), 'GET /y'),
  refused('host a/b', 'GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n'),
  refused('host a b', 'GET /x HTTP/1.1\r\nHost: a b\r\n\r\n'),
  refused('a tab in the request line', 'GET\t/x HTTP/1.1\r\nHost: a.test\r\n\r\n'),
  refused('two spaces in the request line', 'GET  /x HTTP/1.1\r\nHost: a.test\r\n\r\n'),
  passed('a fragment is stripped', get('', '/x#secret'), 'GET /x'),
  refused('%00', get('Connection: close\r\n', '/x%00')),
  passed('%zz stays as it is', get('', '/x%zz'), 'GET /x%zz'),
  refused('HTTP/1.2', 'GET /x HTTP/1.2\r\nHost: a.test\r\n\r\n', 505),
  refused('HTTP/2.0', 'GET /x HTTP/2.0\r\nHost: a.test\r\n\r\n', 505),
  refused('a field without colon', get('nothing\r\n')),
  refused('space before the colon', post('Content-Length : 5\r\n', 'hello')),
  refused('150 fields', get(Array.from({ length: 150 }, (_, index) => `x-${index}: 1\r\n`).join('')), 431),
  refused('connection names host', get('Connection: Host\r\n')),
  passed(
    'upgrade to h2c is stripped',
    get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'),
    'GET /x',
  ),
  refused('F12 a field of 64 KiB', get(`x: ${'a'.repeat(65_536)}\r\n`), 431),
  refused('F12 a target of 100 kB', get('', `/${'a'.repeat(100_000)}`), 414),
  refused('F12 16 kB of chunk extension', chunked(`1;${'a'.repeat(16_384)}\r\na\r\n0\r\n\r\n`)),
  refused('F12 1 MB of trailers', chunked(`0\r\nx: ${'a'.repeat(1_000_000)}\r\n\r\n`), 431),
  refused('F2 chunk size with a sign', chunked(`+1\r\na\r\n0\r\n\r\n${hidden}`)),
  refused('F2 chunk data longer than said', chunked(`1\r\nab\r\n0\r\n\r\n${hidden}`)),
  refused('F2 transfer-encoding xchunked', post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${hidden}`)),
  refused(
    'F2 transfer-encoding twice',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', `0\r\n\r\n${hidden}`),
  ),
  refused('F2 a trailer that frames', chunked(`0\r\nContent-Length: 5\r\n\r\n${hidden}`)),
  refused('bytes of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'),
];

test('HTTP/1.1: every doubtful request has its verdict', async (context) => {
  const proxy = await startGuardedProxy(context);
  for (const row of HTTP1_ROWS) {
    await context.test(row.id, async () => {
      const { statuses, closed } = await rawExchange(proxy.port, row.input, row.upstream ? 1 : undefined);
      const expected = {
        statuses: [row.status],
        closed: row.upstream === undefined,
        seen: row.upstream ? [row.upstream] : [],
      };
      assert.deepEqual({ statuses, closed, seen: proxy.takeSeen() }, expected);
    });
  }
});

test('F3: bytes behind CONNECT or an upgrade that nobody allowed are no request', async (context) => {
  const proxy = await startGuardedProxy(context);
  for (const early of [
    `CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n${hidden}`,
    `${get('Connection: Upgrade\r\nUpgrade: websocket\r\n')}${hidden}`,
  ]) {
    const { statuses } = await rawExchange(proxy.port, early, 1);
    assert.ok(statuses[0]! >= 400 && statuses[0]! < 500, `${statuses.join()} to ${early}`);
    assert.deepEqual(proxy.takeSeen(), []);
  }
});

const text = (status: string, fields: string, body = ''): string => `HTTP/1.1 ${status}\r\n${fields}\r\n${body}`;

/** What an upstream answers, and the statuses that the client gets. A body that breaks off has begun as a 200. */
const UPSTREAM_ROWS: readonly (readonly [id: string, answer: string, status: number])[] = [
  ['both lengths', text('200 OK', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 502],
  ['two lengths', text('200 OK', 'Content-Length: 1\r\nContent-Length: 2\r\n', 'ab'), 502],
  ['bare CR in a value', text('200 OK', 'x: a\rSet-Cookie: b\r\nContent-Length: 0\r\n'), 502],
  ['NUL in a value', text('200 OK', 'x: a\0\r\nContent-Length: 0\r\n'), 502],
  ['a folded field', text('200 OK', 'x: a\r\n b\r\nContent-Length: 0\r\n'), 502],
  ['a status of two digits', text('20 OK', 'Content-Length: 0\r\n'), 502],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n', 502],
  [
    '101 fields',
    text('200 OK', `${Array.from({ length: 150 }, (_, at) => `x-${at}: 1\r\n`).join('')}Content-Length: 0\r\n`),
    502,
  ],
  ['interim responses without end', text('102 Processing', '').repeat(10_000), 502],
  ['101 that nobody asked for', text('101 Switching Protocols', 'Connection: upgrade\r\nUpgrade: x\r\n'), 502],
  ['a body on 204', text('204 No Content', '', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'), 204],
  [
    'a second answer',
    `${text('200 OK', 'Content-Length: 2\r\n', 'ok')}${text('200 OK', 'Content-Length: 6\r\n', 'forged')}`,
    200,
  ],
];

test('F8: no answer of an upstream is split, and none is taken for another', async (context) => {
  let answer = '';
  let connections = 0;
  const upstream = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined);
    socket.on('data', () => void socket.write(answer, 'latin1'));
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  context.after(() => upstream.close());
  const proxy = await startGuardedProxy(context, {}, (upstream.address() as AddressInfo).port);
  for (const [id, row, status] of UPSTREAM_ROWS) {
    await context.test(id, async () => {
      answer = row;
      const before = connections;
      const first = await rawExchange(proxy.port, get('Connection: close\r\n'));
      assert.equal(first.statuses.at(-1), status, first.text);
      assert.doesNotMatch(first.text, /forged|Set-Cookie/);
      answer = text('200 OK', 'Content-Length: 4\r\n', 'next');
      const second = await rawExchange(proxy.port, get('Connection: close\r\n'));
      assert.match(second.text, /next/);
      assert.ok(connections >= before + 1);
    });
  }
});

const pseudo = (changes: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries({ ':method': 'GET', ':scheme': 'http', ':authority': 'a.test', ':path': '/x', ...changes });

/** F5, H10, P15: field blocks that HTTP/1.1 would read as something else. All reset their stream with PROTOCOL_ERROR. */
const HTTP2_ROWS: readonly (readonly [id: string, block: Buffer])[] = [
  ['transfer-encoding', getBlock('/x', [['transfer-encoding', 'chunked']])],
  ['connection', getBlock('/x', [['connection', 'x']])],
  ['content-length that differs from DATA', getBlock('/x', [['content-length', '5']])],
  [
    'two content-lengths',
    getBlock('/x', [
      ['content-length', '0'],
      ['content-length', '5'],
    ]),
  ],
  ['CRLF in a value', getBlock('/x', [['x', 'a\r\ntransfer-encoding: chunked']])],
  ['LF in a value', getBlock('/x', [['x', 'a\nb']])],
  ['NUL in a value', getBlock('/x', [['x', 'a\0']])],
  ['CRLF in a name', getBlock('/x', [['x: y\r\nz', 'a']])],
  ['a colon in a name', getBlock('/x', [['x:y', 'a']])],
  ['a name in upper case', getBlock('/x', [['X', 'a']])],
  ['an empty name', getBlock('/x', [['', 'a']])],
  ['a space before a value', getBlock('/x', [['x', ' a']])],
  ['a space behind a value', getBlock('/x', [['x', 'a ']])],
  ['a space in :method', fieldBlock(pseudo({ ':method': 'GET /hidden HTTP/1.1\r\nx:' }))],
  ['a space in :path', fieldBlock(pseudo({ ':path': '/ HTTP/1.1' }))],
  ['CRLF in :path', fieldBlock(pseudo({ ':path': '/ HTTP/1.1\r\nhost: b\r\n\r\n' }))],
  ['CRLF in :authority', fieldBlock(pseudo({ ':authority': 'a\r\nx: y' }))],
  ['no :path', fieldBlock(pseudo({}).filter(([name]) => name !== ':path'))],
  ['no :method', fieldBlock(pseudo({}).filter(([name]) => name !== ':method'))],
  ['two :path', fieldBlock([...pseudo({}), [':path', '/hidden']])],
  ['a pseudo-header field of responses', fieldBlock([...pseudo({}), [':status', '200']])],
  ['an unknown pseudo-header field', fieldBlock([...pseudo({}), [':odd', '1']])],
  ['a pseudo-header field behind others', fieldBlock([['x', 'y'], ...pseudo({})])],
  ['host that differs from :authority', getBlock('/x', [['host', 'b.test']])],
  ['CONNECT with :path', fieldBlock(pseudo({ ':method': 'CONNECT' }))],
  [
    'extended CONNECT where it is not allowed',
    fieldBlock([...pseudo({ ':method': 'CONNECT' }), [':protocol', 'websocket']]),
  ],
];

test('F5 HTTP/2 to HTTP/1.1: what would be read differently resets its stream and goes nowhere', async (context) => {
  const proxy = await startGuardedProxy(context);
  for (const [id, block] of HTTP2_ROWS) {
    await context.test(id, async () => {
      const client = new RawHttp2(proxy.port);
      try {
        const bad = frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, block);
        const good = frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 3, getBlock('/good'));
        await client.write(Buffer.concat([bad, good]));
        await client.until(() => client.answered.has(3));
        assert.deepEqual([client.resets.get(1), proxy.takeSeen()], [1, ['GET /good']]);
      } finally {
        client.destroy();
      }
    });
  }
});

test('H11, H12: odd timeouts of gRPC and frames of unknown types change nothing', async (context) => {
  const proxy = await startGuardedProxy(context);
  const client = new RawHttp2(proxy.port);
  context.after(() => client.destroy());
  const timeouts = ['99999999999H', '-1S', '1', 'H', '18446744073709551616n'];
  await client.write(Buffer.concat([frame(0x4d, 0, 0), frame(0xfe, 0xff, 1, Buffer.alloc(100))]));
  for (const [index, timeout] of timeouts.entries()) {
    const fields = [
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['grpc-timeout', timeout],
    ] as const;
    await client.write(
      frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 2 * index + 1, getBlock('/grpc', fields)),
    );
  }
  await client.until(() => client.answered.size === timeouts.length);
  assert.deepEqual([client.goAway, client.resets.size, proxy.seen.length], [undefined, 0, timeouts.length]);
});
