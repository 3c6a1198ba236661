import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import { registryOf } from '@meltemi/api';
import { FilterSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { HttpFilterSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { file_envoy_extensions_filters_http_ext_authz_v3_ext_authz } from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import { file_envoy_extensions_filters_network_rbac_v3_rbac } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { fixtureFolder } from '@meltemi/testkit';
import { parse } from 'yaml';
import { externalAuthorizers } from '../../external-authorizers.ts';
import { authorizerInputs } from '../../input/authorizer-input.ts';
import { policyInput } from '../../input/authorization-input.ts';
import { policiesOf } from '../../input/policy-target.ts';
import { service, snapshotOf, viewOf } from '../../test-world.ts';
import { httpAuthorization, httpCustomAuthorization, tcpAuthorization } from './rbac-filters.ts';

interface Case {
  readonly name: string;
  readonly filters: 'http' | 'tcp';
  readonly input: string;
  readonly actions: string;
  readonly meshConfig: { readonly extensionProviders: readonly unknown[] } | null;
  readonly trustDomain: string | null;
  readonly trustDomainAliases: readonly string[];
  readonly expected: readonly string[];
}

const registry = registryOf(
  file_envoy_extensions_filters_http_rbac_v3_rbac,
  file_envoy_extensions_filters_http_ext_authz_v3_ext_authz,
  file_envoy_extensions_filters_network_rbac_v3_rbac,
);

const folder = fixtureFolder('authz-rbac');
const cases = folder ? (JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: Case[] }).cases : [];
if (!folder) process.stdout.write('left out: recorded cases of AuthorizationPolicy (0 run)\n');

test('the recorded cases are there', { skip: !folder }, () => assert.equal(cases.length, 15));

for (const each of cases) {
  test(`${each.name} becomes Istio's filters`, async () => {
    const made = await filtersOf(each);
    const expected = each.expected.map((file) => parse(readFileSync(join(folder!, file), 'utf8')) as unknown);
    assert.deepEqual(made, expected);
  });
}

async function filtersOf(each: Case): Promise<unknown[]> {
  const view = await viewOf(readFileSync(join(folder!, each.input), 'utf8'));
  const labels = { app: 'httpbin', version: 'v1' };
  const workload = { namespace: 'foo', labels, rootNamespace: 'istio-system' };
  const policies = policiesOf(view.objects('AuthorizationPolicy'), workload)
    .map(policyInput)
    .filter(({ action }) => (action === 'CUSTOM') === (each.actions === 'CUSTOM'));
  const trustDomains = each.trustDomain === null ? [] : [each.trustDomain, ...each.trustDomainAliases];
  const input = { policies, authorizers: await authorizersOf(each), trustDomains, ports: undefined };
  if (each.filters === 'tcp')
    return tcpAuthorization(input).map((filter) => toJson(FilterSchema, filter, { registry }));
  const filters = [...httpCustomAuthorization(input), ...httpAuthorization(input)];
  return filters.map((filter) => toJson(HttpFilterSchema, filter, { registry }));
}

/** The only service that is known, and declares no port. */
async function authorizersOf({ meshConfig }: Case) {
  const { authorizers } = externalAuthorizers(meshConfig?.extensionProviders);
  const snapshot = await snapshotOf(service('my-custom-ext-authz', 1, 'foo'));
  return authorizerInputs(authorizers, snapshot.registry);
}
