// Between two of our sidecars HTTP/1.1 requests share HTTP/2 connections; nobody but the connections' counters can tell.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as begin } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { testAuthority } from '../packages/proxy/src/tls/test-certificates.ts';
import { withoutEnvoy } from './support/envoy.ts';
import { type AskedAnswer, type ReceivedRequest, startFickleApp } from './support/fickle-app.ts';
import { type PairOptions, type SidecarKind, type SidecarPair, startSidecarPair } from './support/sidecar-pair.ts';

const authority = testAuthority();
const identity = {
  root: authority.root,
  client: authority.issue('URI:spiffe://td/ns/a/sa/client'),
  server: authority.issue('URI:spiffe://td/ns/a/sa/server'),
};
const app = await startFickleApp();
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const pairs: SidecarPair[] = [];
after(async () => {
  agent.destroy();
  await Promise.all(pairs.map((pair) => pair.stop()));
  app.close();
  authority.close();
});

async function startPair(
  first: SidecarKind,
  second: SidecarKind,
  more: Partial<PairOptions> = {},
): Promise<SidecarPair> {
  const pair = await startSidecarPair({ first, second, appPort: app.port, identity, ...more });
  pairs.push(pair);
  return pair;
}

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: readonly string[];
  readonly framing: 'chunked' | 'length';
  readonly trailers: boolean;
  readonly answer: AskedAnswer;
}

interface Seen {
  readonly status: number;
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly upstream: ReceivedRequest | undefined;
}

const PLAIN: SentRequest = {
  method: 'GET',
  path: '/',
  fields: [],
  body: [],
  framing: 'length',
  trailers: false,
  answer: { status: 200, body: 'hello', times: 1, framing: 'length', trailers: false },
};

let sent = 0;

async function send({ port }: SidecarPair, request: Partial<SentRequest> = {}): Promise<Seen> {
  const { method, path, fields, body, framing, trailers, answer } = { ...PLAIN, ...request };
  const id = String(sent++);
  const headers = ['host', 'app.test', 'x-id', id, 'x-answer', JSON.stringify(answer), ...fields.flat()];
  const bytes = body.join('');
  if (framing === 'chunked') headers.push('transfer-encoding', 'chunked');
  else if (bytes !== '') headers.push('content-length', String(bytes.length));
  if (framing === 'chunked' && trailers) headers.push('trailer', 'x-checksum');
  const call = begin({ host: '127.0.0.1', port, agent, method, path, headers });
  for (const part of body) call.write(part);
  if (framing === 'chunked' && trailers) call.addTrailers({ 'x-checksum': 'sum' });
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const content = await text(response);
  return {
    status: response.statusCode!,
    // How a body would be framed that is not there, Envoy says and we do not.
    fields: steady(response.rawHeaders).filter((line) => method !== 'HEAD' || !line.startsWith('transfer-encoding')),
    body: content,
    trailers: response.rawTrailers,
    upstream: app.received.get(id) && steadyRequest(app.received.get(id)!),
  };
}

const CHANGING = new Set(['x-id', 'date', 'x-envoy-upstream-service-time']);

/** `name: value` in order of names; values of one name joined, which Envoy does now and then; what differs from run to run only by its name. */
function steady(raw: readonly string[]): string[] {
  const fields = new Map<string, string>();
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    const value = CHANGING.has(name) ? '…' : raw[index + 1]!;
    fields.set(name, fields.has(name) ? `${fields.get(name)},${value}` : value);
  }
  return [...fields].map(([name, value]) => `${name}: ${value}`).sort();
}

function steadyRequest(request: ReceivedRequest): ReceivedRequest {
  return { ...request, fields: steady(request.fields) };
}

const word = fc.constantFrom('a', 'some text', '', 'x'.repeat(2_000));
const oneRequest: fc.Arbitrary<SentRequest> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'),
  path: fc.constantFrom('/', '/a?b=c', '/%20x', '/a//b', '/~;x?'),
  fields: fc.array(
    fc.tuple(
      fc.constantFrom('x-a', 'X-Mixed-Case', 'cookie', 'accept', 'te', 'connection'),
      fc.constantFrom('a', 'b=c', 'trailers'),
    ),
    { maxLength: 4 },
  ),
  body: fc.array(word, { maxLength: 4 }),
  framing: fc.constantFrom('chunked', 'length'),
  trailers: fc.boolean(),
  answer: fc.record({
    status: fc.constantFrom(200, 201, 204, 206, 304, 404, 500, 503),
    body: word,
    times: fc.constantFrom(1, 1, 50),
    framing: fc.constantFrom('chunked', 'length', 'close'),
    trailers: fc.boolean(),
  }),
});

/** What HTTP itself rules out. */
function isSendable({ method, body, framing, answer }: SentRequest): boolean {
  const bodyless = method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'DELETE';
  if (bodyless && (body.join('') !== '' || framing === 'chunked')) return false;
  return answer.status !== 204 && answer.status !== 304 ? true : answer.body === '' && answer.framing !== 'length';
}

function requestsOf(seed: number, count: number): readonly SentRequest[] {
  return fc.sample(oneRequest.filter(isSendable), { seed, numRuns: count });
}

describe('two sidecars with mutual TLS', () => {
  test('carry the same requests whoever they are', { skip: withoutEnvoy, timeout: 60_000 }, async () => {
    const offered = ['istio'];
    const kinds = [
      ['envoy', 'envoy'],
      ['ours', 'envoy'],
      ['envoy', 'ours'],
      ['ours', 'ours'],
    ] as const;
    const all = await Promise.all(kinds.map(([first, second]) => startPair(first, second, { offered })));
    for (const request of requestsOf(7, 250)) {
      const [wanted, ...others] = await Promise.all(all.map((pair) => send(pair, request)));
      for (const [index, seen] of others.entries())
        assert.deepEqual(seen, wanted, `${kinds[index + 1]!.join(' → ')}: ${JSON.stringify(request)}`);
    }
    const [, , , own] = all;
    assert.equal(await own!.stat('first', 'cluster.app.upstream_cx_http2_total'), 1);
    assert.equal(await own!.stat('first', 'cluster.app.upstream_cx_http1_total'), 0);
    assert.equal(await all[1]!.stat('first', 'cluster.app.upstream_cx_http2_total'), 0);
  });

  test('of our kind share one connection, and the second counts requests of HTTP/1.1', async () => {
    const pair = await startPair('ours', 'ours');
    const answers = await Promise.all(Array.from({ length: 60 }, () => send(pair)));
    assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body}`)), new Set(['200 hello']));
    const { fields, upstream } = answers[0]!;
    assert.ok(fields.includes('x-protocol-second: HTTP/1.1'), fields.join('\n'));
    assert.equal(upstream!.version, '1.1');
    assert.deepEqual(
      upstream!.fields.filter((line) => /h2|meltemi|protocol/.test(line)),
      [],
    );
    const stats = await Promise.all([
      pair.stat('first', 'cluster.app.upstream_cx_total'),
      pair.stat('first', 'cluster.app.upstream_cx_http2_total'),
      pair.stat('second', 'http.second_0.downstream_cx_total'),
      pair.stat('second', 'http.second_0.downstream_rq_http1_total'),
      pair.stat('second', 'http.second_0.downstream_rq_http2_total'),
    ]);
    assert.deepEqual(stats, [1, 1, 1, 60, 0]);
  });

  test('open a second connection where a hundred requests are under way', async () => {
    const pair = await startPair('ours', 'ours');
    const many = new Agent({ keepAlive: true, maxSockets: 150 });
    const calls = Array.from({ length: 150 }, () => {
      const headers = { 'x-id': String(sent++), 'transfer-encoding': 'chunked', 'x-answer': '{"status":200}' };
      const call = begin({ host: '127.0.0.1', port: pair.port, agent: many, method: 'POST', headers });
      call.write('begun');
      return call;
    });
    for (;;) {
      if ((await pair.stat('second', 'http.second_0.downstream_rq_active')) === 150) break;
    }
    assert.equal(await pair.stat('first', 'cluster.app.upstream_cx_active'), 2);
    await Promise.all(
      calls.map(async (call) => {
        call.end();
        const [response] = (await once(call, 'response')) as [IncomingMessage];
        response.resume();
        await once(response, 'end');
      }),
    );
    many.destroy();
  });

  test('give what leaves HTTP a connection of its own', async () => {
    const pair = await startPair('ours', 'ours');
    await send(pair);
    const headers = { connection: 'Upgrade', upgrade: 'websocket', 'x-id': 'tunnel' };
    const call = begin({ host: '127.0.0.1', port: pair.port, headers, agent: false });
    call.end();
    const [response, socket] = await once(call, 'upgrade');
    assert.equal(response.statusCode, 101);
    socket.write('ping');
    assert.equal(String((await once(socket, 'data'))[0]), 'ping');
    socket.destroy();
    assert.equal(await pair.stat('first', 'cluster.app.upstream_cx_http1_total'), 1);
    assert.equal(await pair.stat('first', 'cluster.app.upstream_cx_http2_total'), 1);
  });

  test('lose no request where the second ends connections again and again', async () => {
    const secondManager = {
      common_http_protocol_options: { max_requests_per_connection: 7, max_connection_duration: '0.05s' },
    };
    const pair = await startPair('ours', 'ours', { secondManager });
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const own: number[] = [];
        for (let count = 0; count < 100; count++) own.push((await send(pair, { method: 'POST', body: ['x'] })).status);
        return own;
      }),
    );
    assert.deepEqual(new Set(statuses.flat()), new Set([200]));
    assert.ok((await pair.stat('first', 'cluster.app.upstream_cx_http2_total')) > 10);
  });

  test('count connections and requests against their own limits', async () => {
    const circuit_breakers = { thresholds: [{ max_connections: 1, max_requests: 3 }] };
    const pair = await startPair('ours', 'ours', { cluster: { circuit_breakers } });
    await send(pair);
    const calls = Array.from({ length: 3 }, () => {
      const headers = { 'x-id': String(sent++), 'transfer-encoding': 'chunked', 'x-answer': '{"status":200}' };
      const call = begin({ host: '127.0.0.1', port: pair.port, agent, method: 'POST', headers });
      call.write('begun');
      return call;
    });
    for (;;) {
      if ((await pair.stat('first', 'cluster.app.upstream_rq_active')) === 3) break;
    }
    assert.equal((await send(pair)).status, 503);
    for (const call of calls) {
      call.end();
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      response.resume();
      assert.equal(response.statusCode, 200);
    }
    assert.equal(await pair.stat('first', 'cluster.app.upstream_cx_total'), 1);
  });
});

describe('ALPN names that a filter asks for', () => {
  const FILTER = {
    name: 'istio.alpn',
    typed_config: {
      '@type': 'type.googleapis.com/istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig',
      alpn_override: [
        { upstream_protocol: 'HTTP11', alpn_override: ['istio-http/1.1', 'istio', 'http/1.1'] },
        { upstream_protocol: 'HTTP2', alpn_override: ['istio-h2', 'istio', 'h2'] },
      ],
    },
  };
  const http2 = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const overHttp2 = (choice: object) => ({
    typed_extension_protocol_options: { [http2]: { '@type': `type.googleapis.com/${http2}`, ...choice } },
  });
  const chains = [['istio-http/1.1'], ['istio-h2'], ['istio-other'], []];
  const chainOf = ({ fields }: Seen): string => fields.find((line) => line.startsWith('x-chain'))!;

  for (const second of ['envoy', 'ours'] as const) {
    const skip = second === 'envoy' ? withoutEnvoy : false;
    test(`lead to the chain that ${second} has for them`, { skip }, async () => {
      const own = { offered: ['istio-other'], chains };
      const explicit = { explicit_http_config: { http2_protocol_options: {} } };
      const [asked, askedHttp2, configured, chosen] = await Promise.all([
        startPair('ours', second, { ...own, filters: [FILTER] }),
        startPair('ours', second, { ...own, filters: [FILTER], cluster: overHttp2(explicit) }),
        startPair('ours', second, own),
        startPair('ours', second, { offered: [], chains: [['h2']], cluster: overHttp2({ auto_config: {} }) }),
      ]);
      assert.deepEqual(
        [chainOf(await send(asked)), chainOf(await send(askedHttp2)), chainOf(await send(configured))],
        ['x-chain: istio-http/1.1', 'x-chain: istio-h2', 'x-chain: istio-other'],
      );
      const seen = await send(chosen);
      assert.ok(seen.fields.includes('x-protocol-second: HTTP/2'), seen.fields.join('\n'));
    });
  }
});
