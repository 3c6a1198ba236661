// Holds pools whose hosts choose the protocol to what the host chose, against real TLS servers that change their minds.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { performServerHandshake, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { create } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { UpstreamTlsContextSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { HttpProtocolOptionsSchema } from '@meltemi/api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { CHUNKED } from '@meltemi/wire';
import { MULTIPLEXED } from '../../tls/multiplexed-protocol.ts';
import { testAuthority } from '../../tls/test-certificates.ts';
import { Recorder, request, send, staticCluster, testClusters } from '../test-clusters.ts';
import type { OfferedProtocols } from '../cluster.ts';

const authority = testAuthority();
const pair = authority.issue('URI:spiffe://td/ns/a/sa/b');
const closing: (() => void)[] = [() => authority.close()];
after(() => {
  for (const close of closing.reverse()) close();
});

/** Takes the first of `names` that the client offers; answers with the protocol and the body. */
async function choosingServer(names: readonly string[]) {
  const sessions: ServerHttp2Session[] = [];
  const sockets = new Set<TLSSocket>();
  const http1 = createHttpServer((incoming, response) => {
    void text(incoming).then((body) => response.end(`http1 ${body}`));
  });
  const choice = { names };
  const server = createServer(
    {
      cert: pair.certificate,
      key: pair.key,
      ca: authority.root,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNCallback: ({ protocols }) => choice.names.find((name) => protocols.includes(name)) ?? protocols.at(-1),
    },
    (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      if (socket.alpnProtocol !== 'h2' && socket.alpnProtocol !== MULTIPLEXED)
        return void http1.emit('connection', socket);
      const session = performServerHandshake(socket);
      sessions.push(session);
      session.on('stream', (stream) => {
        stream.on('error', () => undefined);
        void text(stream).then((body) => {
          stream.respond({ ':status': 200 });
          stream.end(`http2 ${body}`);
        });
      });
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sessions, sockets, choice };
}

function tlsSocket(withCertificate: boolean) {
  const inline = (value: string) => ({ specifier: { case: 'inlineString' as const, value } });
  const context = create(UpstreamTlsContextSchema, {
    commonTlsContext: {
      tlsCertificates: withCertificate
        ? [{ certificateChain: inline(pair.certificate), privateKey: inline(pair.key) }]
        : [],
      validationContextType: { case: 'validationContext', value: { trustedCa: inline(authority.root) } },
    },
  });
  const value = packAny(UpstreamTlsContextSchema, context);
  return { name: 'tls', configType: { case: 'typedConfig' as const, value } };
}

const AUTO = {
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': packAny(
      HttpProtocolOptionsSchema,
      create(HttpProtocolOptionsSchema, { upstreamProtocolOptions: { case: 'autoConfig', value: {} } }),
    ),
  },
};

function clusterTo(port: number, kind: 'auto' | 'authenticated' | 'anonymous', extra: object = {}) {
  const clusters = testClusters();
  closing.push(() => clusters.manager.close());
  const transportSocket = tlsSocket(kind !== 'anonymous');
  const message = staticCluster('c', [{ port }], { transportSocket, ...(kind === 'auto' && AUTO), ...extra });
  assert.deepEqual(clusters.manager.update(new Map([['c', message]]), [], '1'), []);
  return {
    cluster: clusters.manager.get('c')!,
    stat: (name: string) => clusters.stat('c', name),
    remove: () => clusters.manager.update(new Map(), ['c'], '2'),
  };
}

type TestCluster = ReturnType<typeof clusterTo>['cluster'];

/** What the server answered to so many requests at a time. */
async function answers(cluster: TestCluster, count: number): Promise<readonly string[]> {
  const recorders = Array.from({ length: count }, () => send(cluster).recorder);
  for (const recorder of recorders) assert.equal(await recorder.over(), 'end');
  return [...new Set(recorders.map((recorder) => recorder.text.trim()))];
}

test('goes by what the host chooses, where the cluster leaves that to it', async () => {
  const http2 = await choosingServer(['h2']);
  const http1 = await choosingServer(['http/1.1']);
  const [first, second] = [clusterTo(http2.port, 'auto'), clusterTo(http1.port, 'auto')];
  assert.deepEqual([await answers(first.cluster, 20), await answers(second.cluster, 5)], [['http2'], ['http1']]);
  assert.deepEqual([first.stat('upstream_cx_http2_total'), first.stat('upstream_cx_http1_total')], [1, 0]);
  assert.equal(second.stat('upstream_cx_http2_total'), 0);
  assert.ok(second.stat('upstream_cx_http1_total')! > 1);
});

test('shares a connection only with who knows the name, and only where it shows a certificate', async () => {
  const ours = await choosingServer([MULTIPLEXED]);
  const other = await choosingServer(['http/1.1']);
  const [shared, plain, anonymous] = [
    clusterTo(ours.port, 'authenticated'),
    clusterTo(other.port, 'authenticated'),
    clusterTo(ours.port, 'anonymous'),
  ];
  assert.deepEqual(await answers(shared.cluster, 20), ['http2']);
  assert.deepEqual(await answers(plain.cluster, 3), ['http1']);
  assert.deepEqual(await answers(anonymous.cluster, 3), ['http1']);
  assert.equal(shared.stat('upstream_cx_total'), 1);
});

test('takes up what the host speaks after it was exchanged', async () => {
  const server = await choosingServer([MULTIPLEXED]);
  const { cluster } = clusterTo(server.port, 'authenticated');
  assert.deepEqual(await answers(cluster, 2), ['http2']);
  for (const names of [['http/1.1'], [MULTIPLEXED]]) {
    server.choice.names = names;
    for (const socket of server.sockets) socket.destroy();
    server.sockets.clear();
    const wanted = names[0] === MULTIPLEXED ? 'http2' : 'http1';
    // The end of the old connections is on its way: who meets it is told.
    for (let text = ''; text !== wanted;) {
      const { recorder } = send(cluster);
      if ((await recorder.over()) === 'end') text = recorder.text.trim();
    }
    assert.deepEqual(await answers(cluster, 1), [wanted]);
  }
});

test('sends a body that came before the connection, and its rest', async () => {
  const server = await choosingServer([MULTIPLEXED]);
  const { cluster } = clusterTo(server.port, 'authenticated');
  const recorder = new Recorder();
  const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
  exchange.sendHead(request({ method: 'POST', bodyLength: CHUNKED }));
  assert.equal(exchange.sendBody(Buffer.from('early ')), false);
  await recorder.next('drain');
  exchange.sendBody(Buffer.from('late'));
  exchange.end();
  assert.equal(await recorder.over(), 'end');
  assert.equal(recorder.text, 'http2 early late');
});

test('forgets a request that was given up while it waited', async () => {
  const server = await choosingServer([MULTIPLEXED]);
  const { cluster, stat } = clusterTo(server.port, 'authenticated');
  const { exchange, recorder } = send(cluster);
  exchange.reset();
  assert.deepEqual(await answers(cluster, 1), ['http2']);
  assert.deepEqual(recorder.events, []);
  assert.deepEqual([stat('upstream_rq_pending_active'), stat('upstream_rq_active')], [0, 0]);
});

test('tells all who wait that the host can not be reached', async () => {
  const server = await choosingServer([MULTIPLEXED]);
  closing.pop()!();
  const { cluster, stat } = clusterTo(server.port, 'authenticated');
  const sent = [send(cluster), send(cluster)];
  for (const { recorder } of sent) assert.match(await recorder.over(), /^reset connect-failure/);
  assert.deepEqual([stat('upstream_cx_connect_fail'), stat('upstream_cx_active')], [1, 0]);
});

test('who waits for a connection of a host that leaves its cluster meanwhile has it, and nothing more is dialled', async () => {
  for (const [name, connections] of [
    [MULTIPLEXED, 1],
    ['http/1.1', 20],
  ] as const) {
    const server = await choosingServer([name]);
    const { cluster, remove } = clusterTo(server.port, 'authenticated');
    const recorders = Array.from({ length: 20 }, () => send(cluster).recorder);
    remove();
    assert.deepEqual([...new Set(await Promise.all(recorders.map((each) => each.over())))], ['end']);
    assert.equal(server.sockets.size, connections);
  }
});

test('opens a new connection after the host said that it goes away', async () => {
  const server = await choosingServer([MULTIPLEXED]);
  const { cluster, stat } = clusterTo(server.port, 'authenticated');
  assert.deepEqual(await answers(cluster, 1), ['http2']);
  server.sessions[0]!.goaway();
  while (stat('upstream_cx_active') !== 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await answers(cluster, 3), ['http2']);
  assert.equal(stat('upstream_cx_http2_total'), 2);
});

test('gives what leaves HTTP, and what HTTP/2 can not name, connections of HTTP/1.1', async () => {
  const server = await choosingServer([MULTIPLEXED]);
  const { cluster, stat } = clusterTo(server.port, 'authenticated');
  assert.deepEqual(await answers(cluster, 1), ['http2']);
  for (const special of [{ switches: true }, { authority: 'no host' }]) {
    const recorder = Object.assign(new Recorder(), special);
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    exchange.sendHead(request());
    exchange.end();
    assert.equal(await recorder.over(), 'end');
    assert.equal(recorder.text.trim(), 'http1');
  }
  assert.equal(stat('upstream_cx_http1_total'), 1);
});

test('keeps connections apart by what they offer', async () => {
  const server = await choosingServer(['a', 'b']);
  const { cluster, stat } = clusterTo(server.port, 'anonymous');
  const offers: OfferedProtocols[] = [
    { http1: ['a'], http2: undefined },
    { http1: ['b'], http2: undefined },
    { http1: ['a'], http2: undefined },
  ];
  const chosen: (string | undefined)[] = [];
  for (const offered of offers) {
    const recorder = Object.assign(new Recorder(), { offered });
    const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder)!;
    exchange.sendHead(request());
    exchange.end();
    assert.equal(await recorder.over(), 'end');
    chosen.push(recorder.tls?.alpn);
  }
  assert.deepEqual([chosen, stat('upstream_cx_total')], [['a', 'b', 'a'], 2]);
});

test('refuses a cluster that leaves the choice to hosts without TLS', () => {
  const { manager } = testClusters();
  closing.push(() => manager.close());
  const [refusal] = manager.update(new Map([['c', staticCluster('c', [{ port: 1 }], AUTO)]]), [], '1');
  assert.match(JSON.stringify(refusal), /auto_config needs a transport socket with ALPN/);
});
