// Holds upstream TLS to its identities, roots and rotation, against real TLS servers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { SubjectAltNameMatcher_SanType as SanType } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { type Secret, SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { UpstreamTlsContextSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { RawBufferSchema } from '@meltemi/api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb';
import { ManualClock } from '@meltemi/base';
import type { WatchSecret } from '../../tls/tls-material.ts';
import { Recorder, request, send, staticCluster, testClusters, type TestOptions } from '../test-clusters.ts';

const directory = mkdtempSync(join(tmpdir(), 'cluster-tls-'));
const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];

function makeRoots(name: string): string {
  openssl('req', '-x509', ...EC, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/O=${name}`);
  return read(`${name}.pem`);
}

interface Identity {
  readonly cert: string;
  readonly key: string;
}

function makeIdentity(roots: string, name: string): Identity {
  const signed = ['-CA', `${roots}.pem`, '-CAkey', `${roots}.key`, '-subj', '/'];
  const san = `subjectAltName=critical,URI:spiffe://cluster.local/ns/default/sa/${name}`;
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  openssl('req', '-x509', ...EC, ...signed, ...files, '-addext', san, '-addext', 'basicConstraints=critical,CA:FALSE');
  return { cert: read(`${name}.crt`), key: read(`${name}.key`) };
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
}

/** Secrets by name that the test sets and changes; stands for the SDS server. */
class Secrets {
  readonly #secrets = new Map<string, Secret>();
  readonly #watchers: { readonly name: string; readonly onSecret: (secret: Secret) => string | undefined }[] = [];
  readonly #missing: (() => void)[] = [];

  readonly watch: WatchSecret = (config, onSecret, onMissing) => {
    if (onMissing) this.#missing.push(onMissing);
    this.#watchers.push({ name: config.name, onSecret });
    const known = this.#secrets.get(config.name);
    if (known) onSecret(known);
    return { close() {} };
  };

  /** The server has none, or did not answer in time. */
  miss(): void {
    for (const tell of this.#missing) tell();
  }

  set(name: string, type: MessageInitShape<typeof SecretSchema>['type']): void {
    const secret = create(SecretSchema, { name, type });
    this.#secrets.set(name, secret);
    for (const watcher of this.#watchers) if (watcher.name === name) watcher.onSecret(secret);
  }

  setIdentity({ cert, key }: Identity): void {
    const inline = (value: string) => ({ specifier: { case: 'inlineString' as const, value } });
    this.set('default', {
      case: 'tlsCertificate',
      value: { certificateChain: inline(cert), privateKey: inline(key) },
    } as never);
  }

  setRoots(pem: string): void {
    const trustedCa = { specifier: { case: 'inlineString', value: pem } };
    this.set('ROOTCA', { case: 'validationContext', value: { trustedCa } } as never);
  }
}

function tlsSocket(serverAccount: string, alpnProtocols: readonly string[] = ['istio-http/1.1', 'istio', 'h2']) {
  const context = create(UpstreamTlsContextSchema, {
    sni: 'outbound_.80_._.a.default.svc.cluster.local',
    commonTlsContext: {
      alpnProtocols: [...alpnProtocols],
      tlsCertificateSdsSecretConfigs: [{ name: 'default' }],
      validationContextType: {
        case: 'combinedValidationContext',
        value: {
          defaultValidationContext: {
            matchTypedSubjectAltNames: [
              {
                sanType: SanType.URI,
                matcher: {
                  matchPattern: { case: 'exact', value: `spiffe://cluster.local/ns/default/sa/${serverAccount}` },
                },
              },
            ],
          },
          validationContextSdsSecretConfig: { name: 'ROOTCA' },
        },
      },
    },
  });
  const value = packAny(UpstreamTlsContextSchema, context);
  return { name: 'envoy.transport_sockets.tls', configType: { case: 'typedConfig' as const, value } };
}

describe('upstream TLS', () => {
  let roots: string;
  let otherRoots: string;
  let client: Identity;
  let rotated: Identity;
  let serverIdentity: Identity;
  let stranger: Identity;
  const open: { close(): void }[] = [];
  before(() => {
    roots = makeRoots('roots');
    otherRoots = makeRoots('other');
    client = makeIdentity('roots', 'client');
    rotated = makeIdentity('roots', 'rotated');
    serverIdentity = makeIdentity('roots', 'server');
    stranger = makeIdentity('other', 'stranger');
  });
  after(() => {
    for (const each of open) each.close();
    rmSync(directory, { recursive: true });
  });

  /** Says what it saw of the client: its account, the server name, the protocol. */
  async function tlsServer(identity: Identity, ca: string): Promise<number> {
    const server: Server = createServer(
      { ...identity, ca, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['istio-http/1.1', 'h2'] },
      (socket: TLSSocket) => {
        const account = socket.getPeerX509Certificate()?.subjectAltName?.split('/').at(-1);
        const seen = `${account} ${String(socket.servername)} ${String(socket.alpnProtocol)}`;
        socket.on('error', () => {});
        socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${seen.length}\r\n\r\n${seen}`));
      },
    );
    open.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  }

  function clusterTo(port: number, account: string, options: TestOptions = {}) {
    const secrets = new Secrets();
    const clusters = testClusters({ watchSecret: secrets.watch, ...options });
    open.unshift(clusters.manager);
    const message = staticCluster('a', [{ port }], { transportSocket: tlsSocket(account) });
    assert.deepEqual(clusters.manager.update(new Map([['a', message]]), [], '1'), []);
    return { ...clusters, secrets, stat: (name: string) => clusters.stat('a', name) };
  }

  it('warms until its secrets come, then connects with its certificate, the server name and the protocol', async () => {
    const { manager, secrets, stat } = clusterTo(await tlsServer(serverIdentity, roots), 'server');
    secrets.setIdentity(client);
    assert.equal(manager.get('a'), undefined);
    secrets.setRoots(roots);
    const { recorder } = send(manager.get('a')!);
    assert.equal(await recorder.over(), 'end');
    assert.equal(recorder.text, 'client outbound_.80_._.a.default.svc.cluster.local istio-http/1.1');
    assert.deepEqual([recorder.tls?.version, stat('ssl.handshake')], ['TLSv1.3', 1]);
  });

  it('refuses a server with another name', async () => {
    const { manager, secrets, stat } = clusterTo(await tlsServer(serverIdentity, roots), 'somebody-else');
    secrets.setIdentity(client);
    secrets.setRoots(roots);
    assert.match(await send(manager.get('a')!).recorder.over(), /^reset tls-failure: .*subject alternative name/);
    assert.deepEqual(
      [stat('ssl.fail_verify_error'), stat('upstream_cx_connect_fail'), stat('upstream_rq_total')],
      [1, 1, 0],
    );
  });

  it('refuses a server of another authority', async () => {
    const { manager, secrets, stat } = clusterTo(await tlsServer(stranger, roots), 'stranger');
    secrets.setIdentity(client);
    secrets.setRoots(roots);
    assert.match(await send(manager.get('a')!).recorder.over(), /^reset tls-failure: /);
    assert.equal(stat('ssl.fail_verify_error'), 1);
  });

  it('uses a rotated certificate for new connections, and lets the old ones serve on', async () => {
    const { manager, secrets, stat } = clusterTo(await tlsServer(serverIdentity, roots), 'server');
    secrets.setIdentity(client);
    secrets.setRoots(roots);
    const cluster = manager.get('a')!;
    await send(cluster).recorder.over();
    secrets.setIdentity(rotated);
    const onOld = new Recorder();
    const old = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, onOld)!;
    const onNew = send(cluster).recorder;
    assert.equal(await onNew.over(), 'end');
    old.sendHead(request());
    old.end();
    assert.equal(await onOld.over(), 'end');
    const accounts = [onOld, onNew].map((recorder) => recorder.text.split(' ')[0]);
    assert.deepEqual([accounts, stat('upstream_cx_total')], [['client', 'rotated'], 2]);
  });

  it('takes a session up again, and none of before the secrets changed', async () => {
    const { manager, secrets, stat } = clusterTo(await tlsServer(serverIdentity, roots), 'server');
    secrets.setIdentity(client);
    secrets.setRoots(roots);
    const cluster = manager.get('a')!;
    const onFresh = async () => {
      const recorder = new Recorder();
      const exchange = cluster.open(cluster.pick({ hash: undefined, tried: [] })!, recorder, 'default', true)!;
      exchange.sendHead(request());
      exchange.end();
      assert.equal(await recorder.over(), 'end');
    };
    await onFresh();
    await onFresh();
    assert.deepEqual([stat('ssl.handshake'), stat('ssl.session_reused')], [2, 1]);
    secrets.setRoots(roots);
    await onFresh();
    assert.deepEqual([stat('ssl.handshake'), stat('ssl.session_reused')], [3, 1]);
  });

  it('trusts the rotated roots only', async () => {
    const { manager, secrets } = clusterTo(await tlsServer(serverIdentity, roots), 'server');
    secrets.setIdentity(client);
    secrets.setRoots(otherRoots);
    const cluster = manager.get('a')!;
    assert.match(await send(cluster).recorder.over(), /^reset tls-failure: /);
    secrets.setRoots(roots);
    assert.equal(await send(cluster).recorder.over(), 'end');
  });

  it('sends nothing when the secrets did not come in time', async () => {
    const clock = new ManualClock(1);
    const { manager, secrets } = clusterTo(await tlsServer(serverIdentity, roots), 'server', { clock });
    clock.advance(3_600_000);
    assert.equal(manager.get('a'), undefined);
    secrets.miss();
    assert.equal(
      await send(manager.get('a')!).recorder.over(),
      'reset tls-failure: TLS_error: secrets are not supplied',
    );
  });

  it('stops using connections that were dialled otherwise when the transport changes', async () => {
    const port = await tlsServer(serverIdentity, roots);
    const { manager, secrets, stat } = clusterTo(port, 'server');
    secrets.setIdentity(client);
    secrets.setRoots(roots);
    const cluster = manager.get('a')!;
    await send(cluster).recorder.over();
    const message = staticCluster('a', [{ port }], { transportSocket: tlsSocket('nobody') });
    manager.update(new Map([['a', message]]), [], '2');
    assert.equal(stat('upstream_cx_active'), 0);
    assert.match(await send(cluster).recorder.over(), /^reset tls-failure: /);
  });

  it('chooses the transport by the labels of the endpoint', async () => {
    const secrets = new Secrets();
    secrets.setIdentity(client);
    secrets.setRoots(roots);
    const { manager } = testClusters({ watchSecret: secrets.watch });
    open.unshift(manager);
    const value = packAny(RawBufferSchema, create(RawBufferSchema));
    const raw = { name: 'raw', configType: { case: 'typedConfig' as const, value } };
    const message = staticCluster('a', [{ port: await tlsServer(serverIdentity, roots) }], {
      transportSocketMatches: [
        { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transportSocket: tlsSocket('server') },
        { name: 'tlsMode-disabled', match: {}, transportSocket: raw },
      ],
    });
    const endpoint = message.loadAssignment!.endpoints[0]!.lbEndpoints[0]!;
    const labelled = { 'envoy.transport_socket_match': { tlsMode: 'istio' } };
    endpoint.metadata = {
      $typeName: 'envoy.config.core.v3.Metadata',
      filterMetadata: labelled,
      typedFilterMetadata: {},
    };
    assert.deepEqual(manager.update(new Map([['a', message]]), [], '1'), []);
    const { recorder } = send(manager.get('a')!);
    assert.equal(await recorder.over(), 'end');
    assert.equal(recorder.tls?.alpn, 'istio-http/1.1');
  });
});
