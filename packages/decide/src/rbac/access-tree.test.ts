import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { registryOf } from '@meltemi/api';
import { file_envoy_config_rbac_v3_rbac as rbacFile } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import { RBACSchema } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { file_envoy_extensions_matching_common_inputs_network_v3_network_inputs as networkFile } from '@meltemi/api/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb';
import { file_envoy_extensions_matching_common_inputs_ssl_v3_ssl_inputs as sslFile } from '@meltemi/api/envoy/extensions/matching/common_inputs/ssl/v3/ssl_inputs_pb';
import { file_envoy_type_matcher_v3_http_inputs as headerFile } from '@meltemi/api/envoy/type/matcher/v3/http_inputs_pb';
import { file_xds_type_matcher_v3_ip as ipFile } from '@meltemi/api/xds/type/matcher/v3/ip_pb';
import { type AccessFilter, compileNetworkAccess } from './access-filter.ts';
import type { AccessConnection } from './access-request.ts';

const TYPE = 'type.googleapis.com';
const INPUTS = `${TYPE}/envoy.extensions.matching.common_inputs`;
const registry = registryOf(rbacFile, networkFile, sslFile, headerFile, ipFile);
const CONNECTION: AccessConnection = {
  local: { host: '10.0.0.1', port: 9080 },
  remote: { host: '10.0.0.2', port: 40_000 },
  serverName: undefined,
  peer: { uris: ['spiffe://a/b', 'spiffe://a/c'], dns: ['a.example'], subject: 'CN=a' },
};

function input(type: string): JsonObject {
  return { name: 'input', typedConfig: { '@type': type } };
}

function to(name: string, action: 'ALLOW' | 'DENY' | 'LOG'): JsonObject {
  return {
    action: { name: 'action', typedConfig: { '@type': `${TYPE}/envoy.config.rbac.v3.Action`, name, action } },
  };
}

function byText(type: string, map: JsonObject): JsonObject {
  return { matcherTree: { input: input(type), exactMatchMap: { map } } };
}

function access(fields: JsonObject): AccessFilter {
  return compileNetworkAccess(fromJson(RBACSchema, { statPrefix: 'tcp.', ...fields }, { registry }));
}

function verdict(matcher: JsonObject, connection: Partial<AccessConnection> = {}): object {
  return access({ matcher }).enforced!.judge({ connection: { ...CONNECTION, ...connection }, request: undefined });
}

test('a tree allows, denies or logs by what it finds, and denies what it doesn’t', () => {
  const tree = {
    ...byText(`${INPUTS}.network.v3.DestinationPortInput`, {
      '1': to('one', 'ALLOW'),
      '2': to('two', 'DENY'),
      '3': to('three', 'LOG'),
    }),
  };
  const at = (port: number) => verdict(tree, { local: { host: '10.0.0.1', port } });
  assert.deepEqual([1, 2, 3, 4].map(at), [
    { allowed: true, policy: 'one' },
    { allowed: false, policy: 'two' },
    { allowed: true, policy: 'three' },
    { allowed: false, policy: undefined },
  ]);
  assert.deepEqual(verdict({}), { allowed: false, policy: undefined });
  assert.deepEqual(verdict({ onNoMatch: to('rest', 'ALLOW') }), { allowed: true, policy: 'rest' });
});

test('names of the client’s certificate are one text, and without any there is nothing to match', () => {
  const found = (type: string, text: string, connection: Partial<AccessConnection> = {}) =>
    verdict(byText(`${INPUTS}.${type}`, { [text]: to('it', 'ALLOW') }), connection);
  const it = { allowed: true, policy: 'it' };
  assert.deepEqual(found('ssl.v3.UriSanInput', 'spiffe://a/b,spiffe://a/c'), it);
  assert.deepEqual(found('ssl.v3.DnsSanInput', 'a.example'), it);
  assert.deepEqual(found('ssl.v3.SubjectInput', 'CN=a'), it);
  const none = { allowed: false, policy: undefined };
  assert.deepEqual(found('ssl.v3.UriSanInput', '', { peer: { uris: [], dns: [], subject: '' } }), none);
  assert.deepEqual(found('ssl.v3.UriSanInput', '', { peer: undefined }), none);
});

test('address ranges: the longest first, and shorter ones where it finds nothing', () => {
  const range = (addressPrefix: string, prefixLen: number, onMatch: JsonObject) => ({
    ranges: [{ addressPrefix, prefixLen }],
    onMatch,
  });
  const nothing = { matcher: byText(`${INPUTS}.network.v3.ServerNameInput`, { x: to('x', 'ALLOW') }) };
  const tree = {
    matcherTree: {
      input: input(`${INPUTS}.network.v3.SourceIPInput`),
      customMatch: {
        name: 'ip',
        typedConfig: {
          '@type': `${TYPE}/xds.type.matcher.v3.IPMatcher`,
          rangeMatchers: [range('10.0.0.0', 8, to('wide', 'ALLOW')), range('10.0.0.2', 32, nothing)],
        },
      },
    },
  };
  assert.deepEqual(verdict(tree), { allowed: true, policy: 'wide' });
  assert.deepEqual(verdict(tree, { serverName: 'x' }), { allowed: true, policy: 'x' });
  assert.deepEqual(verdict(tree, { remote: { host: '::1', port: 1 } }), { allowed: false, policy: undefined });
});

test('what can’t be judged is refused by name', () => {
  const header = `${TYPE}/envoy.type.matcher.v3.HttpRequestHeaderMatchInput`;
  const ofHeader = { matcherTree: { input: input(header), exactMatchMap: { map: { a: to('a', 'ALLOW') } } } };
  const refused = { code: 'UNSUPPORTED', message: /matcher: input input: unknown type .*HttpRequestHeaderMatchInput/ };
  assert.throws(() => access({ matcher: ofHeader }), refused);
  assert.throws(() => access({ shadowMatcher: ofHeader }), refused);
  const port = `${INPUTS}.network.v3.DestinationPortInput`;
  assert.throws(() => access({ matcher: byText(port, { a: {} }) }), { code: 'BAD_MATCH' });
  const action = { name: 'a', typedConfig: { '@type': port } };
  assert.throws(() => access({ matcher: { onNoMatch: { action } } }), { message: /matcher: action a/ });
});
