import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { BootstrapError } from './bootstrap-error.ts';
import { type BootstrapInput, readBootstrap } from './read-bootstrap.ts';

const GOOD = `
node: {id: sidecar~1, cluster: a}
admin:
  address: {socket_address: {address: 127.0.0.1, port_value: 15000}}
static_resources:
  clusters:
  - name: xds-grpc
    connect_timeout: 1s
    load_assignment:
      cluster_name: xds-grpc
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {pipe: {path: ./etc/istio/proxy/XDS}}}
dynamic_resources:
  lds_config: {ads: {}, resource_api_version: V3}
  cds_config: {ads: {}, resource_api_version: V3}
  ads_config:
    api_type: DELTA_GRPC
    transport_api_version: V3
    grpc_services: [{envoy_grpc: {cluster_name: xds-grpc}}]
`;

async function problems(input: BootstrapInput): Promise<readonly string[]> {
  const error = await readBootstrap(input).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof BootstrapError);
  return error.message.split('\n');
}

const file = (text: string) => ({ file: { name: 'proxy.yaml', text } });

test('YAML and JSON say the same', async () => {
  const yaml = await readBootstrap(file(GOOD));
  const json = await readBootstrap({
    file: { name: 'proxy.json', text: JSON.stringify(toJson(BootstrapSchema, yaml)) },
  });
  assert.deepEqual(json, yaml);
  assert.equal(yaml.staticResources?.clusters[0]?.name, 'xds-grpc');
});

test('an overlay replaces single values and adds to lists; flags name the node', async () => {
  const bootstrap = await readBootstrap({
    ...file(GOOD),
    yaml: '{admin: {address: {socket_address: {port_value: 1}}}, static_resources: {clusters: [{name: more}]}}',
    serviceNode: 'router~2',
    serviceCluster: 'gateway',
    serviceZone: 'z1',
  });
  const address = bootstrap.admin?.address?.address;
  assert.ok(address?.case === 'socketAddress');
  assert.deepEqual([address.value.address, address.value.portSpecifier.value], ['127.0.0.1', 1]);
  assert.deepEqual(
    bootstrap.staticResources?.clusters.map(({ name }) => name),
    ['xds-grpc', 'more'],
  );
  assert.deepEqual(
    [bootstrap.node?.id, bootstrap.node?.cluster, bootstrap.node?.locality?.zone],
    ['router~2', 'gateway', 'z1'],
  );
});

test('every fault is told with file, line and path', async () => {
  const text = `
admin: {adress: {}}
static_resources:
  clusters:
  - name: a
    connect_timeout: "5"
  - nam: b
  listeners:
  - name: l
    filter_chains:
    - filters:
      - typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProx
    - filters:
      - typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          cluster: 7
`;
  assert.deepEqual(await problems(file(text)), [
    'proxy.yaml:2:17: error: admin.adress: envoy.config.bootstrap.v3.Admin has no field "adress" (did you mean "address"?) [MEL0102]',
    'proxy.yaml:6:22: error: static_resources.clusters[0].connect_timeout: google.protobuf.Duration: "5" [MEL0102]',
    'proxy.yaml:7:10: error: static_resources.clusters[1].nam: envoy.config.cluster.v3.Cluster has no field "nam" (did you mean "name"?) [MEL0102]',
    'proxy.yaml:13:20: error: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.@type: extension type ' +
      'envoy.extensions.filters.network.tcp_proxy.v3.TcpProx is not supported (did you mean "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"?) [MEL0102]',
    'proxy.yaml:17:20: error: static_resources.listeners[0].filter_chains[1].filters[0].typed_config.cluster: ' +
      'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.cluster: expected string, got 7 [MEL0102]',
  ]);
});

test('malformed YAML is told with its line', async () => {
  const [first] = await problems(file('admin: {\n  a: [1\n'));
  assert.match(first!, /^proxy\.yaml:\d+:\d+: error: .* \[MEL0101\]$/);
});

test('an alias without its anchor is refused', async () => {
  assert.deepEqual(await problems(file('admin: *nowhere')), [
    'proxy.yaml:1:1: error: Unresolved alias (the anchor must be set before the alias): nowhere [MEL0101]',
  ]);
});

test('unknown fields pass when asked, unknown types do not', async () => {
  await readBootstrap({ ...file('admin: {what: 1}'), allowUnknownFields: true });
  const [first] = await problems({
    ...file('bootstrap_extensions: [{name: x, typed_config: {"@type": type.googleapis.com/no.Such}}]'),
    allowUnknownFields: true,
  });
  assert.match(first!, /extension type no\.Such is not supported/);
});

const LACKS: readonly (readonly [string, string, string])[] = [
  ['no node', GOOD.replace(/^node.*$/m, ''), "node: node 'id' and 'cluster' are required"],
  ['no ads_config', GOOD.slice(0, GOOD.indexOf('  ads_config')), 'there is no ads_config'],
  [
    'an unknown cluster',
    GOOD.replace('cluster_name: xds-grpc}', 'cluster_name: other}'),
    'static cluster "other" does not exist',
  ],
  ['REST', GOOD.replace('DELTA_GRPC', 'REST'), 'dynamic_resources.ads_config.api_type: REST is not supported'],
  ['a cluster twice', GOOD.replace('  clusters:', '  clusters:\n  - name: xds-grpc'), 'cluster xds-grpc stands twice'],
  [
    'a cluster without a name',
    GOOD.replace('  clusters:', '  clusters:\n  - {}'),
    'static_resources.clusters[0].name: a cluster needs a name',
  ],
];
for (const [what, text, message] of LACKS) {
  test(`${what} is refused`, async () => {
    const told = await problems(file(text));
    assert.ok(
      told.some((problem) => problem.includes(message)),
      told.join('\n'),
    );
  });
}

test('any text is read or refused with problems', async () => {
  const anything = fc.oneof(
    fc.json(),
    fc.string(),
    fc.jsonValue().map((value) => JSON.stringify({ admin: value, node: value })),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (text) => {
      const outcome = await readBootstrap(file(text)).catch((error: unknown) => error);
      assert.ok(!(outcome instanceof Error) || (outcome instanceof BootstrapError && outcome.problems.length > 0));
    }),
  );
});
