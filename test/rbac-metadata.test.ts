// What access rules say of a request without being enforced is there for the filters that follow, as with Envoy.
import { test } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { httpFilter, startPairedProxies } from './support/paired-proxies.ts';

const skip = withoutEnvoy;

test('shadow rules leave their verdict in metadata, and templates match paths', { skip }, async (context) => {
  const keys = [
    'p_shadow_effective_policy_id',
    'p_shadow_engine_result',
    'shadow_effective_policy_id',
    'shadow_engine_result',
  ];
  const shown = keys.map((key, index) => ({
    append: { header: { key: `x-m${index}`, value: `%DYNAMIC_METADATA(envoy.filters.http.rbac:${key})%` } },
  }));
  const show = httpFilter('header_mutation', 'HeaderMutation', { mutations: { request_mutations: shown } });
  const template = (path_template: string) => ({
    uri_template: {
      name: 'template',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
        path_template,
      },
    },
  });
  const path = (exact: string) => ({ url_path: { path: { exact } } });
  const policy = (...permissions: object[]) => ({ permissions, principals: [{ any: true }] });
  const rules = (action: string, policies: object) => ({ action, policies });
  const listener = (fields: object) => ({ filters: [httpFilter('rbac', 'RBAC', fields), show] });
  const pair = await startPairedProxies(context, {
    listeners: [
      listener({
        shadow_rules: rules('DENY', { one: policy(path('/one')), two: policy(template('/t/*/x/**')) }),
        shadow_rules_stat_prefix: 'p_',
      }),
      listener({
        shadow_rules: rules('ALLOW', { one: policy(path('/one')), two: policy(template('/t/{a}/{b=x/*}')) }),
      }),
      listener({ rules: rules('ALLOW', { one: policy(template('/t/**')), two: policy(path('/one')) }) }),
    ],
  });
  const paths = [
    '/one',
    '/one?q=1',
    '/t/a/x/b',
    '/t/a/x/',
    '/t/a/x',
    '/t/a/x/b/c',
    '/t/a/b',
    '/t',
    '/t/',
    '/t//x/y',
    '/t/a/x/b?q=/t',
    '/else',
  ];
  for (const index of [0, 1, 2]) for (const each of paths) await pair.same(index, { path: each });
});
