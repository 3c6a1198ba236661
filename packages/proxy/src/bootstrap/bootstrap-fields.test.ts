import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { BOOTSTRAP_FIELDS } from './bootstrap-fields.ts';
import { BootstrapError } from './bootstrap-error.ts';
import { readBootstrap } from './read-bootstrap.ts';

test('every field of a bootstrap is decided about', () => {
  const fields = BootstrapSchema.fields.map((field) => field.name);
  assert.ok(fields.length > 30);
  assert.deepEqual(Object.keys(BOOTSTRAP_FIELDS).sort(), [...fields].sort());
});

async function messages(yaml: string): Promise<readonly string[]> {
  const outcome = await readBootstrap({ file: { name: 'b.yaml', text: yaml } }).catch((error: unknown) => error);
  return outcome instanceof BootstrapError ? outcome.message.split('\n') : [];
}

const REFUSED: readonly (readonly [string, string])[] = [
  ['hds_config: {api_type: GRPC}', 'b.yaml:1:13: error: hds_config: health discovery is not supported'],
  ['header_prefix: x-mine', 'only x-envoy is supported'],
  [
    'layered_runtime: {layers: [{name: a, static_layer: {}}, {name: b, rtds_layer: {name: x}}]}',
    'layers[1].rtds_layer',
  ],
  ['dns_resolution_config: {resolvers: [{socket_address: {address: 1.1.1.1, port_value: 53}}]}', 'the system resolver'],
  ['cluster_manager: {load_stats_config: {api_type: GRPC}}', 'load reporting (LRS) is not supported'],
  [
    'admin: {access_log: [{name: a, typed_config: {"@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /tmp/x}}]}',
    'admin.access_log[0]: requests for admin pages are not logged',
  ],
  [
    'bootstrap_extensions: [{name: x, typed_config: {"@type": type.googleapis.com/envoy.extensions.wasm.v3.WasmService}}]',
    'envoy.extensions.wasm.v3.WasmService is not supported: Wasm modules are not run',
  ],
];
for (const [yaml, message] of REFUSED) {
  test(`refused: ${yaml.slice(0, 50)}`, async () => {
    const found = await messages(yaml);
    assert.ok(
      found.some((line) => line.includes(message)),
      found.join('\n'),
    );
  });
}

test('what an Istio agent writes is taken', async () => {
  const yaml = `
layered_runtime: {layers: [{name: global config, static_layer: {re2.max_program_size.error_level: "32768"}}, {name: admin, admin_layer: {}}]}
bootstrap_extensions:
- name: envoy.bootstrap.internal_listener
  typed_config:
    "@type": type.googleapis.com/udpa.type.v1.TypedStruct
    type_url: type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener
    value: {buffer_size_kb: 64}
stats_config: {use_all_default_tags: false, stats_tags: [{tag_name: cluster_name, regex: "^cluster\\\\.((.+?)\\\\.)"}]}
admin:
  access_log: [{name: f, typed_config: {"@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/null}}]
  profile_path: /var/lib/istio/data/envoy.prof
  address: {socket_address: {address: 127.0.0.1, port_value: 15000}}
typed_dns_resolver_config:
  name: envoy.network.dns_resolver.cares
  typed_config: {"@type": type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig, udp_max_queries: 100}
`;
  assert.deepEqual(await messages(yaml), []);
});

test('an unknown extension passes where it may be left out', async () => {
  const filter = (mark: string) =>
    `static_resources: {listeners: [{name: l, filter_chains: [{filters: [{name: h, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: x, http_filters: [{name: f, ${mark} typed_config: {"@type": type.googleapis.com/what.Ever, a: 1}}]}}]}]}]}`;
  assert.deepEqual(await messages(filter('is_optional: true,')), []);
  assert.deepEqual(await messages(filter('disabled: true,')), []);
  assert.match((await messages(filter('')))[0]!, /extension type what\.Ever is not supported/);
});
