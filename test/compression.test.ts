// Compressed and decompressed messages: our filters beside a real Envoy's, by what clients and upstreams see.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import {
  brotliCompressSync,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import {
  type Received,
  type Sent,
  sendFor,
  startCompressibleUpstream,
  type WantedAnswer,
} from './support/compressible-upstream.ts';
import { withoutEnvoy } from './support/envoy.ts';
import { clusterOf, httpFilter, type PairedListener, perRoute, startPairedProxies } from './support/paired-proxies.ts';

const skip = withoutEnvoy;

type Fields = Readonly<Record<string, string>>;

const LIBRARIES = {
  gzip: 'gzip.compressor.v3.Gzip',
  brotli: 'brotli.compressor.v3.Brotli',
  zstd: 'zstd.compressor.v3.Zstd',
};
type Library = keyof typeof LIBRARIES;

function library(kind: Library, role: 'compressor' | 'decompressor' = 'compressor', fields: object = {}): object {
  const type = LIBRARIES[kind].replace('compressor', role);
  return {
    name: `${kind}_lib`,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.compression.${type}`, ...fields },
  };
}

function compressor(kind: Library, fields: object = {}, name?: string): object {
  return httpFilter('compressor', 'Compressor', { compressor_library: library(kind), ...fields }, name ? { name } : {});
}

function decompressor(kind: Library, fields: object = {}, libraryFields: object = {}): object {
  return httpFilter('decompressor', 'Decompressor', {
    decompressor_library: library(kind, 'decompressor', libraryFields),
    ...fields,
  });
}

/** Sends what both proxies are to treat alike. */
async function startPair(context: TestContext, listeners: readonly Partial<PairedListener>[]) {
  const upstream = await startCompressibleUpstream();
  context.after(() => upstream.close());
  const route = { match: { prefix: '/' }, route: { cluster: 'answers' } };
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('answers', upstream.port)],
    listeners: listeners.map((listener) => ({ filters: [], routes: [route], ...listener })),
  });
  const agent = new Agent({ keepAlive: true });
  context.after(() => agent.destroy());
  return {
    same: async (listener: number, sent: Sent): Promise<Received> => {
      const ports = [pair.envoy.listeners[listener]!, pair.ours.listeners[listener]!];
      const [theirs, own] = await Promise.all(ports.map((port) => sendFor(port, agent, sent)));
      assert.deepEqual(own, theirs, `listener ${listener}: ${JSON.stringify(sent).slice(0, 400)}`);
      return own!;
    },
    /** All counters of a kind of filter, but for the bytes that compressions come to. */
    sameStats: async (kind: string): Promise<void> => {
      const [theirs, own] = await Promise.all([pair.envoy.admin, pair.ours.admin].map((port) => statsOf(port, kind)));
      assert.deepEqual(own, theirs);
    },
  };
}

async function statsOf(admin: number, kind: string): Promise<readonly string[]> {
  const response = await fetch(`http://127.0.0.1:${admin}/stats?filter=${kind}%5C.`);
  const lines = (await response.text()).split('\n');
  return lines
    .filter(
      (line) =>
        /: [1-9]/.test(line) && !line.includes('.brotli_') && !/\.compressor\..*total_compressed_bytes/.test(line),
    )
    .sort();
}

const LONG = Buffer.from('Each line of this text is like the others, as texts of tests are.\n'.repeat(40));
const SHORT = Buffer.from('too short');

function answerOf(body: Buffer, headers: Record<string, string> = {}, more: WantedAnswer = {}): WantedAnswer {
  return { body: body.toString('base64'), headers: { 'content-type': 'text/plain', ...headers }, ...more };
}

const ACCEPTED = [
  undefined,
  '',
  'gzip',
  'GZIP',
  'br',
  'zstd',
  'identity',
  '*',
  'gzip, br, zstd',
  'zstd, br, gzip',
  'gzip;q=0.5, br;q=0.8',
  'gzip;q=0.5, br;q=0.8, zstd;q=0.9',
  'gzip;q=0',
  'gzip;q=0, *',
  'br;q=0,gzip;q=0,*;q=0.1',
  'gzip;q=x, br;q=0.1',
  'identity;q=0.5, gzip;q=0.4',
  'deflate, *;q=0.1',
  ' gzip ; q = 0.7 , br ; Q=0.9',
  'gzip;level=3',
  'gzip;q=1.0;x=y, br;q=0.2',
];

const ANSWERS: readonly WantedAnswer[] = [
  answerOf(LONG),
  answerOf(LONG, {}, { chunked: true }),
  answerOf(SHORT),
  answerOf(SHORT, {}, { chunked: true }),
  answerOf(Buffer.alloc(0)),
  answerOf(LONG, { 'content-type': 'Application/JSON ; charset=utf-8' }),
  answerOf(LONG, { 'content-type': 'image/png' }),
  { body: LONG.toString('base64') },
  answerOf(LONG, { etag: '"strong"' }),
  answerOf(LONG, { etag: 'W/"weak"' }),
  answerOf(LONG, { etag: 'x' }),
  answerOf(LONG, { vary: 'cookie' }),
  answerOf(LONG, { vary: 'cookie, Accept-Encoding' }),
  answerOf(LONG, { vary: 'accept-encoding' }),
  answerOf(LONG, { 'cache-control': 'private, No-Transform' }),
  answerOf(LONG, { 'content-encoding': 'x' }),
  answerOf(LONG, {}, { status: 500 }),
  answerOf(LONG, {}, { status: 206 }),
  answerOf(Buffer.alloc(0), {}, { status: 304 }),
];

test('responses are compressed as clients accept it and as they can be', { skip }, async (context) => {
  const all = { response_direction_config: {} };
  const { same, sameStats } = await startPair(context, [
    { filters: [compressor('gzip', all)] },
    { filters: [compressor('gzip', all, 'a'), compressor('brotli', all, 'b'), compressor('zstd', all, 'c')] },
    { filters: [compressor('gzip', all, 'a'), compressor('brotli', { ...all, choose_first: true }, 'b')] },
    {
      filters: [
        compressor('brotli', {
          response_direction_config: {
            common_config: { min_content_length: 5, content_type: ['Image/PNG', 'text/plain'] },
            disable_on_etag_header: true,
            remove_accept_encoding_header: true,
            uncompressible_response_codes: [206, 500],
          },
        }),
      ],
    },
    {
      filters: [
        compressor('zstd', {
          response_direction_config: { weaken_etag_on_compress: true, disable_on_etag_header: true },
        }),
      ],
    },
    { filters: [compressor('gzip', { content_length: 5, content_type: ['image/png'], disable_on_etag_header: true })] },
    {
      filters: [
        compressor('gzip', { response_direction_config: { common_config: { enabled: { default_value: false } } } }),
      ],
    },
  ]);
  for (const listener of [0, 1, 2, 3, 4, 5, 6]) {
    for (const accepted of ACCEPTED) {
      const headers: Fields = accepted === undefined ? {} : { 'accept-encoding': accepted };
      await same(listener, { headers, answer: ANSWERS[0]! });
      await same(listener, { headers, answer: ANSWERS[1]! });
    }
    for (const answer of ANSWERS) {
      await same(listener, { headers: { 'accept-encoding': 'gzip, br, zstd' }, answer });
      if (!answer.chunked) await same(listener, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' }, answer });
    }
  }
  const { headers } = await same(1, { headers: { 'accept-encoding': 'br' }, answer: ANSWERS[0]! });
  assert.equal(headers['content-encoding'], 'br');
  await sameStats('compressor');
});

test('the status header says why a response is not compressed', { skip }, async (context) => {
  const says = (fields: object) => ({ response_direction_config: { status_header_enabled: true, ...fields } });
  const strict = says({ disable_on_etag_header: true, uncompressible_response_codes: [500] });
  const { same } = await startPair(context, [
    { filters: [compressor('gzip', strict)] },
    { filters: [compressor('gzip', strict, 'a'), compressor('brotli', says({}), 'b')] },
    { filters: [compressor('zstd', says({ common_config: { enabled: { default_value: false } } }))] },
  ]);
  const both = [
    ...ANSWERS,
    answerOf(SHORT, { etag: '"x"', 'content-type': 'image/png' }, { status: 500 }),
    answerOf(LONG, { etag: '"x"', 'content-type': 'image/png' }, { status: 500 }),
    answerOf(LONG, { etag: '"x"', 'content-type': 'image/png' }),
    answerOf(LONG, { etag: '"x"' }, { status: 500 }),
    answerOf(SHORT, { etag: '"x"' }),
    answerOf(SHORT, { 'content-type': 'image/png' }),
    answerOf(SHORT, { 'cache-control': 'no-transform' }),
    answerOf(LONG, { 'cache-control': 'no-transform', 'content-type': 'image/png' }),
    answerOf(LONG, { 'content-encoding': 'x', 'content-type': 'image/png' }),
  ];
  for (const listener of [0, 1, 2]) {
    for (const answer of both) {
      for (const accepted of ['gzip', 'br', 'identity', undefined]) {
        const headers: Fields = accepted === undefined ? {} : { 'accept-encoding': accepted };
        await same(listener, { headers, answer });
        if (!answer.chunked) await same(listener, { method: 'HEAD', headers, answer });
      }
    }
  }
});

test('routes switch compression on and off, and choose another library', { skip }, async (context) => {
  const override = (prefix: string, fields: object) => ({
    match: { prefix },
    route: { cluster: 'answers' },
    typed_per_filter_config: perRoute('compressor', 'CompressorPerRoute', fields),
  });
  const routes = [
    override('/off', { disabled: true }),
    override('/on', { overrides: { response_direction_config: {} } }),
    override('/remove', { overrides: { response_direction_config: { remove_accept_encoding_header: true } } }),
    override('/keep', { overrides: { response_direction_config: { remove_accept_encoding_header: false } } }),
    override('/empty', { overrides: {} }),
    override('/brotli', { overrides: { compressor_library: library('brotli') } }),
    { match: { prefix: '/' }, route: { cluster: 'answers' } },
  ];
  const off = { response_direction_config: { common_config: { enabled: { default_value: false } } } };
  const removes = { response_direction_config: { remove_accept_encoding_header: true } };
  const { same, sameStats } = await startPair(context, [
    { routes, filters: [compressor('gzip', off)] },
    { routes, filters: [compressor('gzip', removes)] },
    { routes, filters: [compressor('gzip', { request_direction_config: {}, response_direction_config: {} })] },
  ]);
  for (const listener of [0, 1, 2]) {
    for (const path of ['/', '/off', '/on', '/remove', '/keep', '/empty', '/brotli']) {
      for (const accepted of ['gzip', 'br', '*', 'gzip, br', 'br;q=0.5, gzip', 'identity']) {
        await same(listener, { path, headers: { 'accept-encoding': accepted }, answer: ANSWERS[0]! });
      }
      await same(listener, { path, method: 'POST', body: LONG, headers: { 'content-type': 'text/plain' } });
    }
  }
  await sameStats('compressor');
});

test('requests are compressed where that is wanted', { skip }, async (context) => {
  const wanted = (common: object) => ({ request_direction_config: { common_config: common } });
  const { same, sameStats } = await startPair(context, [
    { filters: [compressor('gzip', wanted({}))] },
    { filters: [compressor('brotli', wanted({ min_content_length: 4, content_type: ['image/png'] }))] },
    { filters: [compressor('zstd', { request_direction_config: {} }, 'a'), compressor('gzip', wanted({}), 'b')] },
    { filters: [compressor('gzip', wanted({ enabled: { default_value: false } }))] },
    { filters: [compressor('gzip', { response_direction_config: {} })] },
  ]);
  const types = ['text/plain', 'image/png; q=1', 'application/grpc', ''];
  for (const listener of [0, 1, 2, 3, 4]) {
    for (const type of types) {
      const headers: Fields = type === '' ? {} : { 'content-type': type };
      for (const body of [LONG, SHORT]) {
        await same(listener, { method: 'POST', headers, body });
        await same(listener, { method: 'POST', headers, body, chunked: true });
      }
      await same(listener, { method: 'POST', headers: { ...headers, 'content-encoding': 'x' }, body: LONG });
      await same(listener, { method: 'POST', headers });
    }
  }
  await sameStats('compressor');
});

const COMPRESSED: Readonly<Record<string, (plain: Buffer) => Buffer>> = {
  gzip: (plain) => gzipSync(plain),
  br: (plain) => brotliCompressSync(plain),
  zstd: (plain) => zstdCompressSync(plain),
};

test('messages are decompressed, and upstreams are told that they may compress', { skip }, async (context) => {
  const direction = (common: object) => ({ common_config: common });
  const { same, sameStats } = await startPair(context, [
    { filters: [decompressor('gzip')] },
    {
      filters: [decompressor('gzip'), { ...decompressor('brotli'), name: 'b' }, { ...decompressor('zstd'), name: 'z' }],
    },
    { filters: [decompressor('gzip', { request_direction_config: { advertise_accept_encoding: false } })] },
    {
      filters: [
        decompressor('brotli', {
          request_direction_config: direction({ enabled: { default_value: false } }),
          response_direction_config: direction({ ignore_no_transform_header: true }),
        }),
      ],
    },
    {
      filters: [decompressor('zstd', { response_direction_config: direction({ enabled: { default_value: false } }) })],
    },
    { filters: [compressor('gzip', { response_direction_config: {} }), decompressor('brotli')] },
  ]);
  for (const listener of [0, 1, 2, 3, 4, 5]) {
    for (const accepted of [undefined, 'gzip;q=0.3, br', 'identity,,  zstd', 'br;q=1, gzip, br', '*']) {
      await same(listener, { headers: accepted === undefined ? {} : { 'accept-encoding': accepted } });
    }
    for (const [coding, compressed] of Object.entries(COMPRESSED)) {
      const bytes = compressed(LONG);
      for (const named of [coding, coding.toUpperCase(), ` ${coding}, x`, `x, ${coding}`, `${coding},`]) {
        await same(listener, {
          headers: { 'accept-encoding': 'gzip' },
          answer: answerOf(bytes, { 'content-encoding': named }),
        });
        await same(listener, { method: 'POST', body: bytes, headers: { 'content-encoding': named } });
      }
      const kept = answerOf(bytes, { 'content-encoding': coding, 'cache-control': 'no-transform' });
      await same(listener, { answer: kept });
      await same(listener, { answer: answerOf(bytes, { 'content-encoding': coding }, { chunked: true }) });
      await same(listener, { method: 'POST', chunked: true, body: bytes, headers: { 'content-encoding': coding } });
      await same(listener, { method: 'HEAD', answer: answerOf(bytes, { 'content-encoding': coding }) });
    }
  }
  await sameStats('decompressor');
});

test('what is damaged or a bomb ends where that shows', { skip }, async (context) => {
  const { same, sameStats } = await startPair(context, [
    { filters: [decompressor('gzip')] },
    { filters: [decompressor('gzip', {}, { max_inflate_ratio: 10, chunk_size: 8192 })] },
    { filters: [decompressor('brotli')] },
    { filters: [decompressor('zstd')] },
  ]);
  const zeros = Buffer.alloc(300_000);
  for (const [listener, coding] of [
    [0, 'gzip'],
    [1, 'gzip'],
    [2, 'br'],
    [3, 'zstd'],
  ] as const) {
    const whole = COMPRESSED[coding]!(LONG);
    const bomb = answerOf(COMPRESSED[coding]!(zeros), { 'content-encoding': coding });
    const { body } = await same(listener, { answer: bomb });
    assert.ok(body.length < zeros.length / 2, `${coding}: ${body.length}`);
    for (const body of [Buffer.from('this is not compressed at all'), whole.subarray(0, -10)])
      await same(listener, { answer: answerOf(body, { 'content-encoding': coding }) });
  }
  await sameStats('decompressor');
});

test('events of a stream arrive as they are sent, compressed', { skip }, async (context) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: first\n\n');
    server.once('more', () => response.end('data: second\n\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.closeAllConnections());
  context.after(() => server.close());
  const events = { response_direction_config: { common_config: { content_type: ['text/event-stream'] } } };
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('events', (server.address() as AddressInfo).port)],
    listeners: [
      {
        filters: [compressor('gzip', events, 'a'), compressor('brotli', events, 'b'), compressor('zstd', events, 'c')],
        routes: [{ match: { prefix: '/' }, route: { cluster: 'events' } }],
      },
    ],
  });
  const decoders = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress };
  for (const [coding, decoder] of Object.entries(decoders)) {
    // Envoy keeps what zstd compresses until more comes.
    for (const { listeners } of coding === 'zstd' ? [pair.ours] : [pair.envoy, pair.ours]) {
      const call = request({ host: '127.0.0.1', port: listeners[0]!, headers: { 'accept-encoding': coding } });
      call.end();
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      assert.equal(response.headers['content-encoding'], coding);
      const plain = response.pipe(decoder());
      const [first] = (await once(plain, 'data')) as [Buffer];
      assert.equal(first.toString(), 'data: first\n\n');
      server.emit('more');
      const [second] = (await once(plain, 'data')) as [Buffer];
      assert.equal(second.toString(), 'data: second\n\n');
    }
  }
});
