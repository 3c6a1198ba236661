// What an EnvoyFilter is refused for, and what is only said of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeResource } from '../decode-resource.ts';
import { parseDocuments } from '../document.ts';

const MANAGER = 'envoy.filters.network.http_connection_manager';

function problems(patch: object): string[] {
  const text = JSON.stringify({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'test', namespace: 'default' },
    spec: { configPatches: [patch] },
  });
  const [document] = parseDocuments(text, 'test.yaml').documents;
  return decodeResource(document!, 'default').problems.map(
    ({ severity, path, message }) => `${severity} ${path}: ${message}`,
  );
}

function patched(applyTo: string, value: object, match: object = {}, operation = 'MERGE'): object {
  return { applyTo, match, patch: { operation, value } };
}

test('a patch whose parts fit is taken', () => {
  const subFilter = { name: 'envoy.filters.http.router' };
  const listener = { filterChain: { filter: { name: MANAGER, subFilter } } };
  const lua = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua', inlineCode: '' };
  assert.deepEqual(
    problems(patched('HTTP_FILTER', { name: 'lua', typed_config: lua }, { listener }, 'INSERT_BEFORE')),
    [],
  );
  assert.deepEqual(problems({ applyTo: 'CLUSTER', patch: { operation: 'REMOVE' } }), []);
});

test('a value that is not of what the patch is applied to is refused with its place', () => {
  assert.deepEqual(problems(patched('CLUSTER', { connect_timeout: '1s', lb_polcy: 'RANDOM' })), [
    'error spec.configPatches[0].patch.value.lb_polcy: envoy.config.cluster.v3.Cluster has no field "lb_polcy"',
  ]);
  assert.match(problems(patched('CLUSTER', { lb_policy: 'RANDOMLY' })).join(), /patch\.value\.lb_policy: .*RANDOMLY/);
});

test('parts that do not go together are refused', () => {
  const said = (applyTo: string, match: object) => problems(patched(applyTo, {}, match)).join();
  const filter = (each: object) => ({ listener: { filterChain: { filter: each } } });
  assert.match(said('CLUSTER', { listener: {} }), /error .*match\.listener: patches of CLUSTER are not matched/);
  assert.match(said('HTTP_ROUTE', { cluster: {} }), /error .*match\.cluster/);
  assert.match(said('NETWORK_FILTER', filter({})), /error .*a filter is matched by its "name"/);
  assert.match(
    said('NETWORK_FILTER', filter({ name: MANAGER, subFilter: { name: 'a' } })),
    /error .*only patches of HTTP/,
  );
  assert.match(said('HTTP_FILTER', filter({ name: 'a', subFilter: { name: 'a' } })), /error .*has subFilters/);
  assert.match(said('LISTENER', filter({ name: 'a' })), /^warning/);
  assert.match(said('LISTENER', { proxy: { proxyVersion: 'a'.repeat(1025) } }), /error .*1025 characters/);
  assert.match(said('LISTENER', { proxy: { proxyVersion: '(' } }), /error .*not a regular expression/);
  assert.match(problems({ applyTo: 'CLUSTER', patch: { value: {} } }).join(), /error .*"operation"/);
  assert.match(problems({ applyTo: 'CLUSTER', patch: { operation: 'ADD' } }).join(), /error .*"value"/);
  assert.match(problems(patched('CLUSTER', {}, {}, 'ADD')).join(), /error .*needs a "name"/);
});
