// Servers of several Gateways on one proxy: what stands beside each other, what is refused and why, and how TLS ends there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { SnapshotResources } from './compile.ts';
import { FragmentCache } from './fragment-cache.ts';
import { meshSettings } from './mesh-config.ts';
import { at, redirectedNode, rule, shown, snapshotOf } from './test-world.ts';

const port = (number: number, protocol: string, name = protocol.toLowerCase()) => ({ number, protocol, name });
const gateway = (name: string, ...servers: readonly object[]) =>
  rule('Gateway', name, { selector: { istio: 'ingressgateway' }, servers });
const route = (name: string, gateways: readonly string[], hosts = ['*']) =>
  rule('VirtualService', name, { hosts, gateways, http: [{ directResponse: { status: 200 } }] });
const certificate = { mode: 'SIMPLE', credentialName: 'c' };

async function made(meshConfig: object, ...yaml: readonly string[]) {
  const { mesh } = meshSettings(meshConfig);
  const resources = new SnapshotResources({ ...(await snapshotOf(...yaml)), mesh }, new FragmentCache());
  const { LDS, RDS } = resources.resourcesOf(redirectedNode('gateway-1', 'istio-system', 'router'));
  // Problems are found when listeners are made.
  const names = [...LDS.keys()].sort();
  return { LDS, RDS, names, said: resources.problems.map(({ path, message }) => `${path}: ${message}`) };
}

test('who came first keeps a port, a host in TLS and a name of a port', async () => {
  const { LDS, names, said } = await made(
    {},
    gateway(
      'a',
      { port: port(80, 'HTTP'), hosts: ['*'] },
      { port: port(443, 'HTTPS'), hosts: ['a.example'], tls: certificate },
    ),
    gateway(
      'b',
      { port: port(80, 'TCP'), hosts: ['*'] },
      { port: port(443, 'HTTPS'), hosts: ['a.example'], tls: certificate },
      { port: port(443, 'HTTPS', 'other'), hosts: ['b.example'], tls: certificate },
      { port: port(80, 'HTTP', 'more'), hosts: ['b.example'] },
    ),
    route('r', ['a', 'b']),
  );
  assert.deepEqual(said, [
    'spec.servers[0]: port 80 is not opened at gateway-1.istio-system: Gateway default/a speaks HTTP there',
    'spec.servers[1]: port 443 is not opened at gateway-1.istio-system: Gateway default/a has host "a.example" there',
  ]);
  const chains = (name: string) =>
    (shown(LDS, name)['filterChains'] as JsonObject[]).map((chain) => at(chain, 'filterChainMatch.serverNames'));
  assert.deepEqual(names, ['0.0.0.0_443', '0.0.0.0_80']);
  assert.deepEqual(chains('0.0.0.0_443'), [['a.example'], ['b.example']]);
});

test('servers of several addresses share no listener and no routes', async () => {
  const { RDS, names, said } = await made(
    {},
    gateway(
      'a',
      { port: port(80, 'HTTP'), hosts: ['*'], bind: '10.0.0.1' },
      { port: port(80, 'HTTP', 'two'), hosts: ['*'], bind: '10.0.0.2' },
    ),
    route('r', ['a']),
  );
  assert.deepEqual(said, []);
  assert.deepEqual(names, ['10.0.0.1_80', '10.0.0.2_80']);
  assert.deepEqual([...RDS.keys()].sort(), ['http.80.10.0.0.1', 'http.80.10.0.0.2']);
});

test('versions, ciphers, curves, several key pairs and the names of clients are as the server says, else as the mesh does', async () => {
  const tls = {
    mode: 'MUTUAL',
    credentialNames: ['rsa', 'ecdsa'],
    caCertCredentialName: 'roots',
    minProtocolVersion: 'TLSV1_3',
    cipherSuites: ['ECDHE-RSA-AES128-GCM-SHA256', 'NO-SUCH'],
    subjectAltNames: ['spiffe://x/y'],
  };
  const { LDS } = await made(
    { tlsDefaults: { minProtocolVersion: 'TLSV1_2', ecdhCurves: ['P-256'] } },
    gateway('a', { port: port(443, 'HTTPS'), hosts: ['*'], tls }),
    route('r', ['a']),
  );
  const context = at(shown(LDS, '0.0.0.0_443'), 'filterChains.0.transportSocket.typedConfig.commonTlsContext');
  assert.deepEqual(at(context, 'tlsParams'), {
    tlsMinimumProtocolVersion: 'TLSv1_3',
    cipherSuites: ['ECDHE-RSA-AES128-GCM-SHA256'],
    ecdhCurves: ['P-256'],
  });
  const names = (at(context, 'tlsCertificateSdsSecretConfigs') as JsonObject[]).map(({ name }) => name);
  assert.deepEqual(names, ['kubernetes://rsa', 'kubernetes://ecdsa']);
  const validation = at(context, 'combinedValidationContext') as JsonObject;
  assert.equal(at(validation, 'validationContextSdsSecretConfig.name'), 'kubernetes://roots');
  assert.deepEqual(at(validation, 'defaultValidationContext.matchTypedSubjectAltNames.1'), {
    sanType: 'URI',
    matcher: { exact: 'spiffe://x/y' },
  });
});

test('a redirect to https holds for each host of its server, whether or not a rule names it', async () => {
  const { RDS } = await made(
    {},
    gateway('a', { port: port(80, 'HTTP'), hosts: ['a.example', 'b.example'], tls: { httpsRedirect: true } }),
    route('r', ['a'], ['a.example']),
  );
  const hosts = (shown(RDS, 'http.80')['virtualHosts'] as JsonObject[]).map(({ domains, requireTls }) => [
    domains,
    requireTls,
  ]);
  assert.deepEqual(hosts, [
    [['a.example'], 'ALL'],
    [['b.example'], 'ALL'],
  ]);
});
