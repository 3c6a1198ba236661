import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBootstrap } from '../read-bootstrap.ts';
import { configurationProblems } from './configuration-problems.ts';
import { validateBootstrap } from './validate-bootstrap.ts';

async function problems(yaml: string): Promise<readonly string[]> {
  const bootstrap = await readBootstrap({ file: { name: 'b.yaml', text: yaml } });
  return validateBootstrap(bootstrap).map(({ path, message }) => {
    assert.ok(message.startsWith(`${path}: `));
    return path!;
  });
}

const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER =
  '{name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}';

function listener(name: string, routes: string, filters = ROUTER): string {
  return `
  - name: ${name}
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": ${HCM}
          stat_prefix: x
          route_config: {name: r, virtual_hosts: [{name: v, domains: ["*"], routes: [${routes}]}]}
          http_filters: [${filters}]`;
}

const GOOD_ROUTE = '{match: {prefix: "/"}, route: {cluster: a}}';

test('what can be built has no problems', async () => {
  const yaml = `static_resources:
  clusters:
  - {name: a, type: STATIC, load_assignment: {cluster_name: a}}
  listeners:${listener('good', GOOD_ROUTE)}`;
  assert.deepEqual(await problems(yaml), []);
});

test('every problem is told with its own place', async () => {
  const badRoute = '{match: {safe_regex: {regex: "["}}, route: {cluster: a}}';
  const yaml = `static_resources:
  secrets:
  - {name: s, tls_certificate: {certificate_chain: {inline_string: x}, private_key: {inline_string: y}}}
  clusters:
  - {name: a, type: STATIC, load_assignment: {cluster_name: a}}
  - {name: b, type: EDS}
  - {name: c, type: EDS, eds_cluster_config: {eds_config: {ads: {}}}}
  listeners:${listener('good', GOOD_ROUTE)}${listener('bad', `${GOOD_ROUTE}, ${badRoute}, ${GOOD_ROUTE}, ${badRoute}`)}
  - name: no-chain
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
stats_sinks: [{name: s, typed_config: {"@type": type.googleapis.com/envoy.config.metrics.v3.StatsdSink}}]
overload_manager: {resource_monitors: []}`;
  assert.deepEqual(await problems(yaml), [
    'static_resources.secrets[0].tls_certificate',
    'static_resources.clusters[1]',
    'static_resources.clusters[2]',
    'static_resources.listeners[1].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[1]',
    'static_resources.listeners[1].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[3]',
    'static_resources.listeners[2]',
    'overload_manager',
    'stats_sinks',
  ]);
});

test('routes lead to clusters that there are, unless they are not to be checked', async () => {
  const yaml = (action: string) => `static_resources:
  clusters:
  - {name: a, type: STATIC, load_assignment: {cluster_name: a}}
  listeners:${listener('l', `{match: {prefix: "/"}, route: ${action}}`)}`;
  const weighted = '{weighted_clusters: {clusters: [{name: a, weight: 1}, {name: c, weight: 1}]}}';
  const place =
    'static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0]';
  assert.deepEqual(await problems(yaml('{cluster: b}')), [place]);
  assert.deepEqual(await problems(yaml(weighted)), [place]);
  assert.deepEqual(await problems(yaml('{cluster: a, request_mirror_policies: [{cluster: d}]}')), [place]);
  const unchecked = yaml('{cluster: b}').replace('virtual_hosts:', 'validate_clusters: false, virtual_hosts:');
  assert.deepEqual(await problems(unchecked), []);
});

test('sources are checked where they are named', async () => {
  const yaml = `node: {id: a, cluster: b}
dynamic_resources: {cds_config: {path_config_source: {path: /nowhere/cds.yaml}}}
static_resources:
  listeners:
  - name: l
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config: {"@type": ${HCM}, stat_prefix: x, rds: {route_config_name: r, config_source: {ads: {}}}, http_filters: [${ROUTER}]}`;
  assert.deepEqual(await problems(yaml), [
    'static_resources.listeners[0].filter_chains[0].filters[0].typed_config',
    'dynamic_resources.cds_config',
  ]);
});

test('problems have the lines of the file, in YAML and in JSON', async () => {
  const yaml = `static_resources:
  clusters:
  - {name: a, type: STATIC}
  - {name: b, type: EDS}
stats_sinks:
- {name: s, typed_config: {"@type": type.googleapis.com/envoy.config.metrics.v3.StatsdSink}}`;
  const json = JSON.stringify({ static_resources: { clusters: [{ name: 'b', type: 'EDS' }] } }, null, 1);
  const told = async (text: string) => {
    const file = { name: 'b', text };
    const problems = await configurationProblems(await readBootstrap({ file }), { file });
    return problems.map(({ path, source }) => `${path} ${source?.line}:${source?.column}`);
  };
  assert.deepEqual(await told(yaml), ['static_resources.clusters[1] 4:5', 'stats_sinks 6:1']);
  assert.deepEqual(await told(json), ['static_resources.clusters[0] 4:4']);
});
