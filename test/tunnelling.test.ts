// tcp_proxy through an HTTP proxy, as a DestinationRule's tunnel asks for it: requests, conversations and counters are as a real Envoy's.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createServer2, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { withoutEnvoy as skip } from './support/envoy.ts';
import { httpGet } from './support/mesh-under-test.ts';
import { clusterOf, type PairedListener, type PairedPorts, startPairedProxies } from './support/paired-proxies.ts';
import { converse, type Heard, type Script } from './support/tcp-talk.ts';

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const HTTP2 = {
  typed_extension_protocol_options: {
    [OPTIONS]: {
      '@type': `type.googleapis.com/${OPTIONS}`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

interface Case {
  readonly tunnel: object;
  readonly script: Script;
  readonly filter?: object;
}

const HELLO: Script = { say: 'hello', afterwards: 'reset-when-heard' };
const CASES: readonly Case[] = [
  { tunnel: { hostname: 'app.test:80' }, script: HELLO },
  { tunnel: { hostname: 'app.test:80', use_post: true }, script: HELLO },
  { tunnel: { hostname: 'app.test:80', use_post: true, post_path: '/tunnel' }, script: HELLO },
  { tunnel: { hostname: 'refused.test:80' }, script: { say: '', afterwards: 'wait' } },
  { tunnel: { hostname: 'refused.test:80', use_post: true }, script: { say: '', afterwards: 'wait' } },
  {
    tunnel: { hostname: 'refused.test:80' },
    script: { say: '', afterwards: 'wait' },
    filter: { max_connect_attempts: 2 },
  },
  {
    tunnel: {
      hostname: '%FILTER_CHAIN_NAME%.test:80',
      headers_to_add: [
        { header: { key: 'X-Who', value: 'client %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' } },
        { header: { key: 'x-fixed', value: 'yes' } },
      ],
    },
    script: HELLO,
  },
];

/** Envoy gives a tunnel of HTTP/1.1 up when the client has ended. */
const HALF_CLOSED: Case = { tunnel: { hostname: 'app.test:80' }, script: { say: 'hello', afterwards: 'end' } };
const TUNNELS = [
  ...CASES.map((each) => ({ ...each, cluster: 'plain' })),
  ...[...CASES, HALF_CLOSED].map((each) => ({ ...each, cluster: 'streams' })),
];

interface Seen {
  readonly heard: Readonly<Record<string, Heard>>;
  readonly requests: readonly object[];
  readonly counters: readonly string[];
}

test('bytes go through an HTTP proxy as through that of Envoy', { skip, timeout: 60_000 }, async (context) => {
  const asked: object[] = [];
  const plain = await startProxyServer(context, asked);
  const streams = await startHttp2ProxyServer(context, asked);
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('plain', plain), clusterOf('streams', streams, HTTP2)],
    listeners: TUNNELS.map((each, index) => listenerOf(each, each.cluster, `c${index}`)),
  });
  const seenBy = async (ports: PairedPorts): Promise<Seen> => {
    asked.length = 0;
    const heard: Record<string, Heard> = {};
    for (const [index, port] of ports.listeners.entries()) {
      heard[index] = await converse(port, TUNNELS[index]!.script);
    }
    return { heard, requests: [...asked], counters: await countersOf(ports) };
  };
  const envoys = await seenBy(pair.envoy);
  const ours = await seenBy(pair.ours);
  assert.deepEqual(ours, envoys);
  assert.deepEqual(ours.heard[0], { text: 'HELLO', how: 'left' });
  assert.deepEqual(ours.heard[TUNNELS.length - 1], { text: 'HELLO', how: 'end' });
  // One of each asks twice.
  assert.equal(ours.requests.length, TUNNELS.length + 2);
});

function listenerOf({ tunnel, filter }: Case, cluster: string, name: string): PairedListener {
  const tcp = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    stat_prefix: `${cluster}_${name}`,
    cluster,
    tunneling_config: tunnel,
    ...filter,
  };
  return { filters: [], listener: { filter_chains: [{ name, filters: [{ name: 'tcp', typed_config: tcp }] }] } };
}

async function countersOf({ admin }: PairedPorts): Promise<readonly string[]> {
  const { body } = await httpGet(`http://127.0.0.1:${admin}/stats?filter=^(tcp|cluster.(plain|streams))`);
  const compared = /(tcp\..*(cx_total|bytes_total)|upstream_cx_(total|connect_fail|connect_attempts_exceeded)): /;
  return body.split('\n').filter((line) => compared.test(line));
}

/** Answers in capitals. */
function shout(stream: Duplex): void {
  stream.on('error', () => stream.destroy());
  stream.on('data', (bytes: Buffer) => stream.write(bytes.toString().toUpperCase()));
  stream.on('end', () => stream.end());
}

async function startProxyServer(context: TestContext, asked: object[]): Promise<number> {
  const note = ({ method, url, headers }: IncomingMessage) => asked.push({ method, url, headers });
  const server = createServer({ allowHalfOpen: true } as object, (request, response) => {
    note(request);
    if (request.headers.host?.startsWith('refused')) return void response.writeHead(403).end();
    response.writeHead(200).flushHeaders();
    request.on('data', (bytes: Buffer) => response.write(bytes.toString().toUpperCase()));
    request.on('end', () => response.end());
  });
  server.on('connect', (request, socket) => {
    note(request);
    if (request.url?.startsWith('refused'))
      return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    shout(socket);
  });
  return listen(context, server);
}

async function startHttp2ProxyServer(context: TestContext, asked: object[]): Promise<number> {
  const server = createServer2();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    asked.push({ ...headers });
    if (headers[':authority']?.startsWith('refused')) return stream.respond({ ':status': 403 }, { endStream: true });
    stream.respond({ ':status': 200 });
    shout(stream);
  });
  return listen(context, server);
}

async function listen(context: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => sockets.add(socket));
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}
