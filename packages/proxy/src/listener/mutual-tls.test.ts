import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, test } from 'node:test';
import { RawClient, startProxy, startServer } from '../proxy-under-test.ts';
import { type TestAuthority, testAuthority, type TestKeyPair } from '../tls/test-certificates.ts';

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const authorities: TestAuthority[] = [];
after(() => authorities.forEach((authority) => authority.close()));

function authority(): TestAuthority {
  const made = testAuthority();
  authorities.push(made);
  return made;
}

const ours = authority();
const server = ours.issue('URI:spiffe://cluster.local/ns/default/sa/reviews');

function commonContext(pair: TestKeyPair, root: string, wanted: string): object {
  return {
    tls_certificates: [
      { certificate_chain: { inline_string: pair.certificate }, private_key: { inline_string: pair.key } },
    ],
    validation_context: {
      trusted_ca: { inline_string: root },
      match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: wanted } }],
    },
  };
}

const inbound = {
  transport_socket: {
    name: 'tls',
    typed_config: {
      '@type': `${TLS}.DownstreamTlsContext`,
      require_client_certificate: true,
      common_tls_context: commonContext(server, ours.root, 'spiffe://cluster.local/'),
    },
  },
};

function outbound(pair: TestKeyPair, root: string, wanted: string): object {
  return {
    transport_socket: {
      name: 'tls',
      typed_config: {
        '@type': `${TLS}.UpstreamTlsContext`,
        sni: 'outbound_.9080_._.reviews.default.svc.cluster.local',
        common_tls_context: commonContext(pair, root, wanted),
      },
    },
  };
}

const app = await startServer((incoming, response) =>
  response.end(incoming.headers['x-forwarded-client-cert'] ?? 'none'),
);
const inside = await startProxy({
  ports: [app.port],
  chain: inbound,
  manager: {
    forward_client_cert_details: 'SANITIZE_SET',
    set_current_client_cert_details: { uri: true, subject: true },
  },
});
after(async () => {
  await inside.close();
  await app.close();
});

test('two sidecars speak mutual TLS, and the application learns who called', async (context) => {
  const caller = ours.issue('URI:spiffe://cluster.local/ns/default/sa/productpage');
  const outside = await startProxy({
    ports: [inside.port],
    cluster: outbound(caller, ours.root, 'spiffe://cluster.local/ns/default/sa/reviews'),
  });
  context.after(() => outside.close());
  const answer = await fetch(`http://127.0.0.1:${outside.port}/`, {
    headers: { 'x-forwarded-client-cert': 'By=spiffe://forged' },
  });
  assert.match(
    await answer.text(),
    /^By=spiffe:\/\/cluster\.local\/ns\/default\/sa\/reviews;Hash=[0-9a-f]{64};Subject="CN=leaf";URI=spiffe:\/\/cluster\.local\/ns\/default\/sa\/productpage$/,
  );
});

test('an upstream with another name than wanted is refused: 503', async (context) => {
  const caller = ours.issue('URI:spiffe://cluster.local/ns/default/sa/productpage');
  const outside = await startProxy({
    ports: [inside.port],
    cluster: outbound(caller, ours.root, 'spiffe://cluster.local/ns/default/sa/ratings'),
  });
  context.after(() => outside.close());
  assert.equal((await fetch(`http://127.0.0.1:${outside.port}/`)).status, 503);
});

test('a client is refused without a certificate, with one of another authority, or of another trust domain', async () => {
  const theirs = authority();
  const callers: [string, TestKeyPair | undefined][] = [
    ['none', undefined],
    ['other authority', theirs.issue('URI:spiffe://cluster.local/ns/default/sa/productpage')],
    ['other trust domain', ours.issue('URI:spiffe://elsewhere/ns/default/sa/productpage')],
    ['two names', ours.issue('URI:spiffe://cluster.local/ns/a/sa/b,URI:spiffe://cluster.local/ns/a/sa/c')],
  ];
  for (const [what, pair] of callers) await assert.rejects(dial(inside.port, pair), what);
  assert.equal(await dial(inside.port, ours.issue('URI:spiffe://cluster.local/ns/a/sa/b')), 200);
});

test('a plaintext client of a chain with TLS is disconnected, and gets no answer', async () => {
  const client = new RawClient(inside.port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.equal((await client.untilEnd()).includes('HTTP/1.1'), false);
  client.close();
});

function dial(port: number, pair: TestKeyPair | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const credentials = pair && { cert: pair.certificate, key: pair.key };
    const call = request(
      { port, host: '127.0.0.1', agent: false, ca: ours.root, checkServerIdentity: () => undefined, ...credentials },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    call.on('error', reject);
    call.end();
  });
}
