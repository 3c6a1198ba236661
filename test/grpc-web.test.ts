// gRPC-Web clients of gRPC upstreams: our filter beside a real Envoy's, byte by byte, and with a real gRPC server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { withoutEnvoy } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { clusterOf, httpFilter, startPairedProxies } from './support/paired-proxies.ts';

const interopServer = process.env['MELTEMI_GRPC_INTEROP_SERVER'];

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

/** Answers as its paths say, and echoes what calls bring. */
async function startGrpcUpstream() {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    void answer(stream, String(headers[':path']), headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

async function answer(stream: ServerHttp2Stream, path: string, headers: object): Promise<void> {
  const body = await buffer(stream).catch(() => undefined);
  // The proxy gave the call up.
  if (!body) return;
  const saw = JSON.stringify(Object.entries(headers).filter(([name]) => /^(content-|te$|grpc-accept)/.test(name)));
  const grpc = { ':status': 200, 'content-type': 'application/grpc', 'x-saw': saw };
  switch (path) {
    case '/s.S/TrailersOnly':
      return stream.respond({ ...grpc, 'grpc-status': '5', 'grpc-message': 'none' }, { endStream: true });
    case '/s.S/Html':
      stream.respond({ ':status': 404, 'content-type': 'text/html' });
      return void stream.end('<p>no');
    case '/s.S/Empty':
      return stream.respond({ ':status': 503 }, { endStream: true });
    default:
      stream.respond(
        { ...grpc, 'content-type': path.endsWith('Proto') ? 'application/grpc+proto' : 'application/grpc' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine%20so', 'x-more': 'a' }),
      );
      // Cut where no frame ends.
      stream.write(body.subarray(0, 3));
      stream.end(body.subarray(3));
  }
}

interface Call {
  readonly path: string;
  readonly type: string;
  readonly accept?: string;
  readonly chunks: readonly Buffer[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

async function call(port: number, agent: Agent, { path, type, accept, chunks, headers, method = 'POST' }: Call) {
  const fields = { 'content-type': type, ...(accept ? { accept } : {}), ...headers, host: 'web.test' };
  const sent = request({ host: '127.0.0.1', port, agent, method, path, headers: fields });
  for (const chunk of chunks) sent.write(chunk);
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const body = await buffer(response);
  // Whether the connection stays depends on how much of the request had come.
  const rest = { ...response.headers };
  for (const name of ['date', 'connection', 'x-envoy-upstream-service-time', 'x-request-id']) delete rest[name];
  // What is no gRPC-Web is not this filter's affair.
  const trailers = /^application\/grpc-web[^;]*$/.test(type) ? response.trailers : {};
  return { status: response.statusCode, headers: rest, body, trailers };
}

function frame(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** One character after the other. */
function cut(text: string, size: number): readonly Buffer[] {
  return (text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []).map((piece) => Buffer.from(piece));
}

test('calls, answers and refusals are as Envoy has them', { skip: withoutEnvoy }, async (context) => {
  const upstream = await startGrpcUpstream();
  context.after(() => upstream.close());
  const [nowhere] = await freePorts(1);
  const route = (prefix: string, cluster: string) => ({ match: { prefix }, route: { cluster } });
  const cors = {
    allow_origin_string_match: [{ exact: 'http://page.test' }],
    allow_methods: 'POST',
    expose_headers: 'grpc-status',
  };
  const filters = [httpFilter('grpc_web', 'GrpcWeb'), httpFilter('cors', 'Cors')];
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('grpc', upstream.port, HTTP2), clusterOf('nowhere', nowhere!, HTTP2)],
    listeners: [
      {
        filters,
        virtualHost: {
          typed_per_filter_config: {
            'envoy.filters.http.cors': {
              '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
              ...cors,
            },
          },
        },
        routes: [
          route('/s.S/', 'grpc'),
          route('/nowhere/', 'nowhere'),
          {
            match: { prefix: '/direct' },
            direct_response: { status: 403, body: { inline_string: 'not "you" / 100%' } },
          },
          { match: { prefix: '/bare' }, direct_response: { status: 404 } },
        ],
      },
    ],
  });
  const agent = new Agent({ keepAlive: true });
  context.after(() => agent.destroy());
  const same = async (sent: Call) => {
    const ports = [pair.envoy.listeners[0]!, pair.ours.listeners[0]!];
    const [theirs, own] = await Promise.all(ports.map((port) => call(port, agent, sent)));
    const shown = { ...sent, chunks: sent.chunks.map(String) };
    assert.deepEqual(
      { ...own, body: own!.body.toString('latin1') },
      { ...theirs, body: theirs!.body.toString('latin1') },
      JSON.stringify(shown),
    );
    return own!;
  };
  const binary = Buffer.concat([frame('a first message'), frame(''), frame('another')]);
  const text = binary.toString('base64');
  const bodies: readonly (readonly [string, readonly Buffer[]])[] = [
    ['application/grpc-web', [binary]],
    ['application/grpc-web+proto', [binary.subarray(0, 4), binary.subarray(4)]],
    ['application/grpc-web-text', [Buffer.from(text)]],
    ['application/grpc-web-text+proto', cut(text, 5)],
    ['application/grpc-web-text', [Buffer.from(text.slice(0, -1))]],
    ['application/grpc-web-text', [Buffer.from('!!!!')]],
    ['application/grpc-web-text', []],
    ['application/grpc-web', []],
    ['application/grpc', [binary]],
    ['application/grpc-web; charset=x', [binary]],
  ];
  for (const path of ['/s.S/Echo', '/s.S/EchoProto', '/s.S/TrailersOnly', '/s.S/Empty', '/direct', '/bare', '/none']) {
    for (const [type, chunks] of bodies) {
      for (const accept of [undefined, 'application/grpc-web-text', '*/*']) {
        if (path === '/none' && type === 'application/grpc') continue;
        await same({ path, type, chunks, ...(accept && { accept }), headers: { origin: 'http://page.test' } });
      }
    }
  }
  await same({
    path: '/s.S/Echo',
    type: 'application/grpc-web',
    chunks: [binary],
    headers: { 'grpc-accept-encoding': 'x', te: 'gzip' },
  });
  const preflight = { origin: 'http://page.test', 'access-control-request-method': 'POST' };
  await same({ path: '/s.S/Echo', method: 'OPTIONS', type: 'application/grpc-web', chunks: [], headers: preflight });
  const stats = await Promise.all([pair.envoy.admin, pair.ours.admin].map((port) => statsOf(port)));
  assert.deepEqual(stats[1], stats[0]);
  assert.ok(stats[0]!.length > 0);
});

async function statsOf(admin: number): Promise<readonly string[]> {
  const response = await fetch(`http://127.0.0.1:${admin}/stats?filter=grpc-web`);
  return (await response.text())
    .split('\n')
    .filter((line) => /: [1-9]/.test(line))
    .sort();
}

test(
  'a real gRPC server answers gRPC-Web',
  { skip: withoutEnvoy || (interopServer ? false : 'no interop server') },
  async (context) => {
    const [port] = await freePorts(1);
    const server = spawn(interopServer!, [`--port=${port}`], { stdio: 'ignore' });
    context.after(() => server.kill('SIGKILL'));
    await listening(port!);
    const pair = await startPairedProxies(context, {
      clusters: [clusterOf('grpc', port!, HTTP2)],
      listeners: [
        {
          filters: [httpFilter('grpc_web', 'GrpcWeb')],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'grpc' } }],
        },
      ],
    });
    const agent = new Agent();
    context.after(() => agent.destroy());
    for (const type of ['application/grpc-web', 'application/grpc-web-text']) {
      const empty = frame('');
      const chunks = type.includes('text') ? [Buffer.from(empty.toString('base64'))] : [empty];
      const sent = { path: '/grpc.testing.TestService/EmptyCall', type, accept: type, chunks };
      const { status, headers, body } = await call(pair.ours.listeners[0]!, agent, sent);
      assert.equal(status, 200);
      assert.equal(headers['content-type'], `${type}+proto`);
      const bytes = type.includes('text')
        ? Buffer.concat(
            body
              .toString()
              .match(/[^=]+=*/g)!
              .map((segment) => Buffer.from(segment, 'base64')),
          )
        : body;
      assert.match(bytes.toString('latin1'), /grpc-status:0\r\n/);
    }
  },
);

/** Resolves once the port takes connections. */
async function listening(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const open = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  if (open) return;
  await setTimeout(20);
  return listening(port);
}
