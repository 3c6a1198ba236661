import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { JsonObject } from '@bufbuild/protobuf';
import { testAuthority, type TestKeyPair } from '../tls/test-certificates.ts';
import { listener, listenersUnderTest, saying } from './listeners-under-test.ts';

const authority = testAuthority();
const stranger = testAuthority();
const server = authority.issue('URI:spiffe://td/ns/a/sa/server,DNS:server.example');
const client = authority.issue('URI:spiffe://td/ns/a/sa/client');
after(() => {
  authority.close();
  stranger.close();
});

const inline = (text: string) => ({ inline_string: text });
const certificate = ({ certificate: chain, key }: TestKeyPair) => ({
  certificate_chain: inline(chain),
  private_key: inline(key),
});

interface Trust {
  readonly roots?: string;
  readonly validation?: JsonObject;
  readonly fields?: JsonObject;
  readonly certificates?: readonly TestKeyPair[];
  readonly common?: JsonObject;
}

/** A listener that says a text to clients of its trust. */
function secured(
  name: string,
  { roots = authority.root, validation, fields, certificates = [server], common }: Trust = {},
) {
  const context = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    require_client_certificate: true,
    common_tls_context: {
      tls_certificates: certificates.map(certificate),
      validation_context: { trusted_ca: inline(roots), ...validation },
      ...common,
    },
    ...fields,
  };
  const transport_socket = { name: 'tls', typed_config: context };
  return listener(name, { filter_chains: [saying('hello', { transport_socket })] });
}

interface Outcome {
  readonly text: string;
  readonly resumed: boolean;
  readonly names: string;
  readonly alpn: string;
  readonly session: Buffer | undefined;
}

const shown = { cert: client.certificate, key: client.key };

/** What a client with a certificate hears; text is empty where it is refused. */
function talk(port: number, options: ConnectionOptions = shown): Promise<Outcome> {
  return new Promise((resolve) => {
    let text = '';
    let resumed = false;
    let names = '';
    let alpn = '';
    let session: Buffer | undefined;
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
    socket.on('secureConnect', () => {
      resumed = socket.isSessionReused();
      alpn = socket.alpnProtocol || '';
      names = socket.getPeerX509Certificate()?.subjectAltName ?? '';
    });
    socket.on('session', (ticket) => (session = ticket));
    socket.on('data', (data) => (text += String(data)));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve({ text, resumed, names, alpn, session }));
  });
}

test('a session is resumed by its ticket, and judged anew when the roots or names changed', async (context) => {
  const rig = listenersUnderTest(context);
  assert.deepEqual(rig.apply(secured('a')), []);
  const port = await rig.port('a');
  const first = await talk(port);
  assert.deepEqual([first.text, first.resumed], ['hello', false]);
  const again = await talk(port, { ...shown, session: first.session! });
  assert.deepEqual([again.text, again.resumed], ['hello', true]);
  assert.equal(rig.stat('listener.a.ssl.session_reused'), 1);

  const names = {
    match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: 'spiffe://td/ns/a/sa/other' } }],
  };
  rig.apply(secured('a', { validation: names }));
  const renamed = await talk(port, { ...shown, session: again.session ?? first.session! });
  assert.deepEqual([renamed.text, renamed.resumed], ['', false]);
  assert.equal(rig.stat('listener.a.ssl.fail_verify_san'), 1);

  rig.apply(secured('a', { roots: stranger.root }));
  const untrusted = await talk(port, { ...shown, session: again.session ?? first.session! });
  assert.deepEqual([untrusted.text, untrusted.resumed], ['', false]);
  assert.equal(rig.stat('listener.a.ssl.fail_verify_error'), 1);
});

test('ticket keys that are given outlive an update, but not a change of trust', async (context) => {
  const rig = listenersUnderTest(context);
  const keys = { session_ticket_keys: { keys: [{ inline_bytes: Buffer.alloc(80, 7).toString('base64') }] } };
  rig.apply(secured('a', { fields: keys }));
  const port = await rig.port('a');
  const { session } = await talk(port);
  rig.apply(secured('a', { fields: { ...keys, require_sni: false }, common: { alpn_protocols: ['x'] } }));
  assert.deepEqual([(await talk(port, { ...shown, session: session! })).resumed], [true]);
  rig.apply(secured('a', { fields: keys, roots: authority.root + stranger.root }));
  assert.deepEqual([(await talk(port, { ...shown, session: session! })).resumed], [false]);
  rig.apply(secured('b', { fields: { disable_stateless_session_resumption: true } }));
  const other = await rig.port('b');
  const kept = (await talk(other)).session;
  assert.equal((await talk(other, { ...shown, ...(kept && { session: kept }) })).resumed, false);
});

test('failed handshakes are counted by their reason', async (context) => {
  const rig = listenersUnderTest(context);
  const hash = new X509Certificate(client.certificate).fingerprint256;
  rig.apply(secured('a'), secured('pinned', { validation: { verify_certificate_hash: [hash] } }));
  const port = await rig.port('a');
  const foreign = stranger.issue('URI:spiffe://td/ns/a/sa/client');
  assert.equal((await talk(port, {})).text, '');
  assert.equal((await talk(port, { cert: foreign.certificate, key: foreign.key })).text, '');
  assert.equal((await talk(port, { ...shown, maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' })).text, '');
  const reasons = ['fail_verify_no_cert', 'fail_verify_error', 'connection_error', 'handshake'];
  assert.deepEqual(
    reasons.map((reason) => rig.stat(`listener.a.ssl.${reason}`)),
    [1, 1, 1, 0],
  );
  const pinned = await rig.port('pinned');
  const other = authority.issue('URI:spiffe://td/ns/a/sa/client');
  assert.equal((await talk(pinned)).text, 'hello');
  assert.equal((await talk(pinned, { cert: other.certificate, key: other.key })).text, '');
  assert.equal(rig.stat('listener.pinned.ssl.fail_verify_cert_hash'), 1);
  assert.equal(rig.stat('listener.pinned.ssl.versions.TLSv1.3'), 1);
});

test('the certificate is that of the server name: exact, then wildcard, then the first', async (context) => {
  const rig = listenersUnderTest(context);
  const certificates = [server, authority.issue('DNS:a.example'), authority.issue('DNS:*.example')];
  assert.deepEqual(rig.apply(secured('a', { certificates, fields: { require_client_certificate: false } })), []);
  const port = await rig.port('a');
  const names = async (servername: string) => (await talk(port, { ...shown, servername })).names;
  assert.deepEqual(
    [await names('a.example'), await names('b.example'), await names('b.a.example')],
    ['DNS:a.example', 'DNS:*.example', 'URI:spiffe://td/ns/a/sa/server, DNS:server.example'],
  );
});

test('every kind of subject alternative name can be asked for', async (context) => {
  const rig = listenersUnderTest(context);
  const named = authority.issue(
    'email:a@b.example,IP:10.1.2.3,IP:2001:db8::1,otherName:1.2.3.4;UTF8:someone,DNS:x.example',
  );
  const kinds: readonly (readonly [object, boolean])[] = [
    [{ san_type: 'EMAIL', matcher: { suffix: '@b.example' } }, true],
    [{ san_type: 'EMAIL', matcher: { exact: 'x@b.example' } }, false],
    [{ san_type: 'IP_ADDRESS', matcher: { exact: '10.1.2.3' } }, true],
    [{ san_type: 'IP_ADDRESS', matcher: { exact: '2001:db8::1' } }, true],
    [{ san_type: 'OTHER_NAME', oid: '1.2.3.4', matcher: { exact: 'someone' } }, true],
    [{ san_type: 'OTHER_NAME', oid: '1.2.3.5', matcher: { exact: 'someone' } }, false],
    [{ san_type: 'DNS', matcher: { safe_regex: { regex: 'x\\..*' } } }, true],
  ];
  rig.apply(
    ...kinds.map(([matcher], index) =>
      secured(String(index), { validation: { match_typed_subject_alt_names: [{ ...matcher }] } }),
    ),
  );
  for (const [index, [, accepted]] of kinds.entries()) {
    const { text } = await talk(await rig.port(String(index)), { cert: named.certificate, key: named.key });
    assert.equal(text, accepted ? 'hello' : '', JSON.stringify(kinds[index]));
  }
});

test('a revoked certificate is refused as soon as the list says so', async (context) => {
  const [kept, revoked] = ['kept', 'revoked'].map((name) => authority.issue(`URI:spiffe://td/ns/a/sa/${name}`));
  const rig = listenersUnderTest(context);
  const list = (...certificates: readonly string[]) => inline(authority.revocationList(...certificates));
  rig.apply(secured('a', { validation: { crl: list() } }));
  const port = await rig.port('a');
  const pairs = [kept!, revoked!].map(({ certificate: cert, key }) => ({ cert, key }));
  assert.deepEqual(await Promise.all(pairs.map(async (pair) => (await talk(port, pair)).text)), ['hello', 'hello']);
  rig.apply(secured('a', { validation: { crl: list(revoked!.certificate) } }));
  await rig.port('a');
  assert.deepEqual(await Promise.all(pairs.map(async (pair) => (await talk(port, pair)).text)), ['hello', '']);
  assert.equal(rig.stat('listener.a.ssl.fail_verify_error'), 1);
});

test('a client that shares no protocol is served without one where its hello was read', async (context) => {
  const rig = listenersUnderTest(context);
  const alpn = secured('a', { common: { alpn_protocols: ['istio', 'h2'] } });
  const inspector = {
    name: 'tls',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector' },
  };
  rig.apply({ ...alpn, listener_filters: [inspector] });
  const port = await rig.port('a');
  const other = await talk(port, { ...shown, ALPNProtocols: ['other'] });
  const shared = await talk(port, { ...shown, ALPNProtocols: ['other', 'h2'] });
  assert.deepEqual([other.text, other.alpn, shared.text, shared.alpn], ['hello', '', 'hello', 'h2']);
});

test('what can not be honoured of a TLS context is refused by name', (context) => {
  const rig = listenersUnderTest(context);
  const refused = rig.apply(
    secured('a', { validation: { allow_expired_certificate: true } }),
    secured('b', { common: { tls_params: { cipher_suites: ['NO-SUCH'] } } }),
    secured('c', { fields: { ocsp_staple_policy: 'MUST_STAPLE' } }),
    secured('d', { validation: { verify_certificate_hash: ['zz'] } }),
    secured('e', { fields: { session_ticket_keys: { keys: [{ inline_string: 'short' }] } } }),
    secured('f', { common: { tls_params: { ecdh_curves: ['NO-SUCH'] } } }),
  );
  assert.deepEqual(
    refused.map((message) => message.replace(/: error:.*|: Failed.*/, '')),
    [
      'allow_expired_certificate is not supported: OpenSSL keeps only the last of several faults: expired could hide untrusted',
      'tls_params: unknown cipher NO-SUCH',
      'ocsp_staple_policy is not supported',
      'verify_certificate_hash is no SHA-256',
      'session ticket keys have 80 bytes',
      'tls_params',
    ],
  );
});
