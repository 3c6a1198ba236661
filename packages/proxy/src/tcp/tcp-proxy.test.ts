import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fromJson } from '@bufbuild/protobuf';
import { TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import * as fc from 'fast-check';
import { cluster, type ProxySetup, type ProxyUnderTest, startProxy } from '../proxy-under-test.ts';
import { testAuthority } from '../tls/test-certificates.ts';
import { pickCluster, tcpSettings } from './tcp-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'meltemi-tcp-'));
const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
after(async () => {
  for (const close of closers.reverse()) await close();
});

/** A server on a free port. */
async function serve(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly port: number; readonly server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { server, port: (server.address() as { port: number }).port };
}

function tcpFilter(fields: object): object {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      stat_prefix: 'test',
      cluster: 'app',
      ...fields,
    },
  };
}

let logs = 0;

interface TcpUnderTest extends ProxyUnderTest {
  /** The lines of the access log so far, once there is one. */
  logged(): Promise<string>;
  /** Resolves when the access log has so many. */
  lines(count: number): Promise<void>;
}

async function proxyTo(ports: readonly number[], fields: object = {}, setup: ProxySetup = {}): Promise<TcpUnderTest> {
  const path = join(folder, `${logs++}.log`);
  const log = {
    name: 'file',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path,
      log_format: {
        text_format_source: {
          inline_string:
            '%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_CLUSTER% %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n',
        },
      },
    },
  };
  const started = await startProxy({ ports, networkFilter: tcpFilter({ access_log: [log], ...fields }), ...setup });
  closers.push(() => started.close());
  const logged = async () => {
    await started.close();
    return readFileSync(path, 'utf8');
  };
  const lines = async (count: number) => {
    while (!existsSync(path) || readFileSync(path, 'utf8').split('\n').length <= count)
      await new Promise((resolve) => setTimeout(resolve, 10));
  };
  return { ...started, logged, lines };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  closers.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk as Buffer));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

test('carries bytes both ways, and each side ends on its own', async () => {
  // Answers only after the client has ended: a half-closed connection carries the answer.
  const { port } = await serve((socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk as Buffer));
    socket.on('end', () => socket.end(`got ${Buffer.concat(chunks).toString()}`));
  });
  const proxy = await proxyTo([port]);
  const client = await dial(proxy.port);
  client.end('hello');
  assert.equal((await readAll(client)).toString(), 'got hello');
  assert.equal(await proxy.logged(), '- 5 9 app 1\n');
});

test('a server that speaks first is heard, and its end leaves the client free to go on', async () => {
  const received = Promise.withResolvers<string>();
  const { port } = await serve((socket) => {
    socket.end('220 ready');
    void readAll(socket).then((bytes) => received.resolve(bytes.toString()));
  });
  const proxy = await proxyTo([port]);
  const client = await dial(proxy.port);
  assert.equal((await readAll(client)).toString(), '220 ready');
  client.end('and still this');
  assert.equal(await received.promise, 'and still this');
});

test('carries 10 MB each way to a slow reader without keeping them', async () => {
  const size = 10 * 1024 * 1024;
  const bytes = Buffer.alloc(size, 'meltemi');
  const digest = createHash('sha256').update(bytes).digest('hex');
  const { port } = await serve((socket) => socket.pipe(socket));
  const proxy = await proxyTo([port]);
  const client = await dial(proxy.port);
  client.end(bytes);
  // Nothing is read at first: the echo stands still, and with it the upload.
  await new Promise<void>((resolve) => setImmediate(resolve));
  const echoed = await readAll(client);
  assert.equal(createHash('sha256').update(echoed).digest('hex'), digest);
  assert.equal(await proxy.logged(), `- ${size} ${size} app 1\n`);
});

test('whatever is said in whatever order, each side hears all of it', async () => {
  const heard: Promise<Buffer>[] = [];
  let script: readonly Buffer[] = [];
  const { port } = await serve((socket) => {
    heard.push(readAll(socket));
    for (const chunk of script) socket.write(chunk);
    socket.end();
  });
  const proxy = await proxyTo([port]);
  const chunks = fc.array(
    fc.integer({ min: 1, max: 200_000 }).chain((size) => bytesOf(size)),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(chunks, chunks, fc.boolean(), async (ours, theirs, listenFirst) => {
      script = theirs;
      const client = await dial(proxy.port);
      const answer = readAll(client);
      if (listenFirst) await answer;
      for (const chunk of ours) client.write(chunk);
      client.end();
      assert.deepEqual([await answer, await heard.pop()], [Buffer.concat(theirs), Buffer.concat(ours)]);
    }),
    { numRuns: 40 },
  );
});

/** Bytes that differ from place to place. */
function bytesOf(size: number): fc.Arbitrary<Buffer> {
  return fc
    .integer({ min: 1, max: 255 })
    .map((step) => Buffer.from(Uint8Array.from({ length: size }, (_, at) => at * step)));
}

test('TLS that passes through is led by the name in its hello, and stays as it was', async () => {
  const authority = testAuthority();
  closers.push(() => authority.close());
  const { certificate, key } = authority.issue('DNS:db.example');
  const secure = createTlsServer({ cert: certificate, key }, (socket) => socket.pipe(socket));
  secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  closers.push(() => secure.close());
  const proxy = await proxyTo(
    [(secure.address() as { port: number }).port],
    {},
    { chain: { filter_chain_match: { server_names: ['*.example'] } } },
  );
  const talk = async (servername: string) => {
    const client = connectTls({ host: '127.0.0.1', port: proxy.port, servername, ca: authority.root });
    let heard = '';
    client.on('error', () => {}).on('data', (chunk: Buffer) => (heard += chunk.toString()));
    client.end('private');
    await new Promise((resolve) => client.once('close', resolve));
    return heard;
  };
  assert.equal(await talk('db.example'), 'private');
  assert.equal(await talk('db.other'), '');
});

test('a reset upstream resets the client', async () => {
  const { port } = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const proxy = await proxyTo([port]);
  const client = await dial(proxy.port);
  const error = once(client, 'error');
  client.write('x');
  assert.equal(((await error)[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
  assert.equal(await proxy.logged(), 'UR 1 0 app 1\n');
});

test('resets the upstream when the client did', async () => {
  const gone = Promise.withResolvers<NodeJS.ErrnoException>();
  const { port } = await serve((socket) => void socket.on('data', () => socket.write('y')).on('error', gone.resolve));
  const proxy = await proxyTo([port]);
  const client = await dial(proxy.port);
  client.write('x');
  await once(client, 'data');
  client.resetAndDestroy();
  assert.equal((await gone.promise).code, 'ECONNRESET');
});

test('tries other hosts as often as it may, then says UF,URX', async () => {
  const { port } = await serve((socket) => socket.end('served'));
  const dead = await serve(() => {});
  await new Promise<void>((resolve) => dead.server.close(() => resolve()));
  const retrying = await proxyTo([dead.port, port], { max_connect_attempts: 2 });
  for (let round = 0; round < 2; round++) {
    assert.equal((await readAll(await dial(retrying.port))).toString(), 'served');
  }
  const failing = await proxyTo([dead.port]);
  assert.equal((await readAll(await dial(failing.port))).length, 0);
  assert.equal(await failing.logged(), 'UF,URX 0 0 app 1\n');
});

test('says why there is no upstream: no host, no cluster, a limit', async () => {
  const { port } = await serve((socket) => socket.write('hello'));
  const empty = await proxyTo([]);
  await readAll(await dial(empty.port));
  const unknown = await proxyTo([], { cluster: 'nobody' });
  await readAll(await dial(unknown.port));
  const limited = await proxyTo(
    [port],
    {},
    { cluster: { circuit_breakers: { thresholds: [{ max_connections: 1 }] } } },
  );
  await once(await dial(limited.port), 'data');
  await readAll(await dial(limited.port));
  const flags = [await empty.logged(), await unknown.logged(), (await limited.logged()).split('\n')[0]];
  assert.deepEqual(flags, ['UH 0 0 app 0\n', 'NC 0 0 - 0\n', 'UO 0 0 app 0']);
});

test('an idle connection ends', async () => {
  const { port } = await serve((socket) => socket.write('hello'));
  const proxy = await proxyTo([port], { idle_timeout: '0.05s' });
  const client = await dial(proxy.port);
  assert.equal((await readAll(client)).toString(), 'hello');
});

test('weights divide connections among clusters', async () => {
  const first = await serve((socket) => socket.end('a'));
  const second = await serve((socket) => socket.end('b'));
  const weighted_clusters = {
    clusters: [
      { name: 'app', weight: 1 },
      { name: 'other', weight: 1 },
    ],
  };
  const proxy = await proxyTo(
    [first.port],
    { cluster: undefined, weighted_clusters },
    { moreClusters: [cluster('other', [second.port])] },
  );
  const answers = new Set<string>();
  for (let round = 0; round < 20; round++) answers.add((await readAll(await dial(proxy.port))).toString());
  assert.deepEqual([...answers].sort(), ['a', 'b']);
});

test('every number picks the cluster whose share its remainder falls in', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(weights, fc.maxSafeNat(), (each, chance) => {
      const clusters = each.map((weight, index) => ({ name: String(index), weight }));
      const { clusters: compiled } = tcpSettings(fromJson(TcpProxySchema, { weightedClusters: { clusters } }));
      const total = each.reduce((sum, weight) => sum + weight, 0);
      let end = 0;
      const wanted = each.findIndex((weight) => chance % total < (end += weight));
      assert.equal(pickCluster(compiled, chance).cluster, String(wanted));
    }),
  );
});

test('refuses what it can not honour', () => {
  const config = fromJson(TcpProxySchema, {
    cluster: 'a',
    tunnelingConfig: { hostname: 'h:1', propagateResponseHeaders: true },
  });
  assert.throws(() => tcpSettings(config), { code: 'UNSUPPORTED_FIELD' });
  assert.throws(() => tcpSettings(fromJson(TcpProxySchema, {})), { code: 'BAD_FILTER' });
});

test('metadata of the filter and of the chosen cluster together choose a subset', () => {
  const labels = (fields: object) => ({ filterMetadata: { 'envoy.lb': { ...fields } } });
  const config = fromJson(TcpProxySchema, {
    metadataMatch: labels({ version: 'v1', zone: 'a' }),
    weightedClusters: {
      clusters: [
        { name: 'a', weight: 1, metadataMatch: labels({ version: 'v2' }) },
        { name: 'b', weight: 1 },
      ],
    },
  });
  assert.deepEqual(
    tcpSettings(config).clusters.choices.map(({ subset }) => subset),
    [
      { version: 'v2', zone: 'a' },
      { version: 'v1', zone: 'a' },
    ],
  );
});

test('the log has a line when the upstream is there and one in between, besides that at the end', async () => {
  const { port } = await serve((socket) => socket.pipe(socket));
  const options = { flush_access_log_on_connected: true, access_log_flush_interval: '0.05s' };
  const proxied = await proxyTo([port], { access_log_options: options });
  const client = connect({ port: proxied.port, host: '127.0.0.1' });
  client.write('12345');
  await once(client, 'data');
  await proxied.lines(2);
  client.destroy();
  const lines = (await proxied.logged()).trim().split('\n');
  assert.equal(lines[0], '- 0 0 app 1');
  assert.equal(lines[1], '- 5 5 app 1');
  assert.equal(lines.at(-1), '- 5 5 app 1');
  assert.ok(lines.length >= 3);
});

test('the name in the hello is the cluster where sni_cluster stands before', async () => {
  const authority = testAuthority();
  closers.push(() => authority.close());
  const { certificate, key } = authority.issue('DNS:chosen.example');
  const server = createTlsServer({ cert: certificate, key }, (socket) => socket.end('chosen'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  const type = 'type.googleapis.com/envoy.extensions.filters.network.sni_cluster.v3.SniCluster';
  const proxy = await proxyTo(
    [],
    {},
    {
      chain: {
        filter_chain_match: { transport_protocol: 'tls' },
        filters: [{ name: 'sni', typed_config: { '@type': type } }, tcpFilter({})],
      },
      moreClusters: [cluster('chosen.example', [(server.address() as { port: number }).port])],
    },
  );
  const client = connectTls({ port: proxy.port, host: '127.0.0.1', servername: 'chosen.example', ca: authority.root });
  closers.push(() => client.destroy());
  assert.equal((await readAll(client)).toString(), 'chosen');
});
