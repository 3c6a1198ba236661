// What has no effect is said where it was written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_MESH } from './mesh.ts';
import { rule, viewOf } from './test-world.ts';
import { unservedProblems } from './unserved-problems.ts';

test('what has no effect is said at its place', async () => {
  const https = { number: 443, name: 'https', protocol: 'HTTPS' };
  const view = await viewOf(
    rule('Gateway', 'web', {
      servers: [{ port: https, hosts: ['*'], tls: { mode: 'SIMPLE' } }],
    }),
    rule('VirtualService', 'db', {
      hosts: ['db'],
      tls: [{ match: [{ sniHosts: ['db'] }], route: [{ destination: { host: 'db' } }] }],
    }),
    rule('VirtualService', 'fine', { hosts: ['a'], http: [{ route: [{ destination: { host: 'a' } }] }] }),
  );
  assert.deepEqual(
    unservedProblems(view, DEFAULT_MESH).map(({ resource, path, message, source }) => [
      resource?.name,
      path,
      message,
      source?.line,
    ]),
    [
      [
        'web',
        'spec.servers[0]',
        'port 443 is not opened: name its certificate by credentialName, or by serverCertificate and privateKey',
        4,
      ],
      [
        'db',
        'spec.tls[0]',
        'routes of TLS are carried out at gateways, and in the mesh only where the network redirects connections',
        9,
      ],
    ],
  );
});

test('parts of DestinationRules that have no effect are said', async () => {
  const view = await viewOf(
    rule('DestinationRule', 'a', {
      host: 'a',
      trafficPolicy: {
        tunnel: { targetHost: 'b', targetPort: 1 },
        portLevelSettings: [{ port: { number: 80 }, loadBalancer: { simple: 'RANDOM', warmupDurationSecs: '1s' } }],
      },
      subsets: [{ name: 'v1', trafficPolicy: { loadBalancer: { warmup: { duration: '1s' } } } }],
    }),
    rule('DestinationRule', 'fine', { host: 'a', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } }),
  );
  assert.deepEqual(
    unservedProblems(view, DEFAULT_MESH).map(({ resource, path, message }) => [resource?.name, path, message]),
    [
      ['trafficPolicy.tunnel', 'tunnel'],
      ['trafficPolicy.portLevelSettings[0].loadBalancer.warmupDurationSecs', 'warmupDurationSecs'],
      ['subsets[0].trafficPolicy.loadBalancer.warmup', 'warmup'],
    ].map(([path, field]) => ['a', `spec.${path}`, `${field} is not carried out: it has no effect`]),
  );
});

test('parts of access rules that have no effect, or another than was meant, are said', async () => {
  const policy = (name: string, spec: object) => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}}
spec: ${JSON.stringify(spec)}`;
  const view = await viewOf(
    policy('asks', { action: 'CUSTOM', provider: { name: 'x' }, rules: [{}] }),
    policy('attached', { targetRefs: [{ kind: 'Service', name: 'a' }] }),
    policy('fine', { rules: [{ from: [{ source: { namespaces: ['a'] } }] }] }),
  );
  assert.deepEqual(
    unservedProblems(view, DEFAULT_MESH).map(({ resource, path, message }) => [resource?.name, path, message]),
    [
      ['asks', 'spec.provider.name', 'the mesh has no provider "x" to ask: what the rules match is denied'],
      ['attached', 'spec.targetRefs', 'the policy has no effect: of such targets only a Gateway is guarded'],
    ],
  );
});

test('parts of EnvoyFilters, Telemetries and ProxyConfigs that have no effect are said', async () => {
  const written = (kind: string, apiVersion: string, spec: object) =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${kind.toLowerCase()}}\nspec: ${JSON.stringify(spec)}`;
  const patch = { operation: 'MERGE', value: {} };
  const view = await viewOf(
    written('EnvoyFilter', 'networking.istio.io/v1alpha3', {
      configPatches: [
        { applyTo: 'BOOTSTRAP', patch },
        { applyTo: 'CLUSTER', patch },
        { applyTo: 'CLUSTER', match: { context: 'WAYPOINT' }, patch },
      ],
    }),
    written('Telemetry', 'telemetry.istio.io/v1', {
      metrics: [{ providers: [{ name: 'prometheus' }] }, { providers: [{ name: 'envoy' }] }],
      accessLogging: [{ providers: [{ name: 'envoy' }, { name: 'other' }] }],
      tracing: [{ customTags: { a: { formatter: { value: '%PROTOCOL%' } }, b: { literal: { value: 'b' } } } }],
    }),
    written('ProxyConfig', 'networking.istio.io/v1beta1', { concurrency: 1, image: { imageType: 'debug' } }),
  );
  assert.deepEqual(
    unservedProblems(view, DEFAULT_MESH).map(({ resource, path }) => `${resource?.kind} ${path}`),
    [
      'EnvoyFilter spec.configPatches[0]',
      'EnvoyFilter spec.configPatches[2]',
      'Telemetry spec.metrics[1].providers[0]',
      'Telemetry spec.accessLogging[0].providers[1]',
      'Telemetry spec.tracing[0].customTags.a',
      'ProxyConfig spec.image',
    ],
  );
});
