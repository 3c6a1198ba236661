// What a filter notes under a key is there for those after it, as with Envoy.
import { test } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { httpFilter, perRoute, startPairedProxies } from './support/paired-proxies.ts';

test('texts that a filter notes are there for those after it', { skip: withoutEnvoy }, async (context) => {
  const note = (key: string, format: string, fields: object = {}) => ({
    object_key: key,
    factory_key: 'envoy.string',
    format_string: { text_format_source: { inline_string: format }, omit_empty_values: true },
    ...fields,
  });
  const noting = (...notes: object[]) => ({ on_request_headers: notes });
  const show = (key: string, index: number) => ({
    append: { header: { key: `x-${index}`, value: `%FILTER_STATE(${key}:PLAIN)%` }, append_action: 'ADD_IF_ABSENT' },
  });
  const ofRoute = noting(note('b', 'route'), note('c', '%REQ(:path)%'), note('d', 'kept'));
  const ofHost = noting(note('a', 'host'), note('c', 'host'));
  const pair = await startPairedProxies(context, {
    listeners: [
      {
        filters: [
          httpFilter('on_demand', 'OnDemand'),
          httpFilter(
            'set_filter_state',
            'Config',
            noting(note('a', '%REQ(x-a)%'), note('b', 'one'), note('b', '%REQ(x-b)%', { skip_if_empty: true })),
          ),
          httpFilter('header_mutation', 'HeaderMutation', {
            mutations: { request_mutations: ['a', 'b', 'c', 'd'].map(show) },
          }),
        ],
        virtualHost: { typed_per_filter_config: perRoute('set_filter_state', 'Config', ofHost) },
        routes: [
          {
            match: { prefix: '/route' },
            route: { cluster: 'echo' },
            typed_per_filter_config: perRoute('set_filter_state', 'Config', ofRoute),
          },
          { match: { prefix: '/' }, route: { cluster: 'echo' } },
        ],
      },
    ],
  });
  for (const path of ['/', '/route']) {
    await pair.same(0, { path });
    await pair.same(0, { path, headers: { 'x-a': 'first', 'x-b': 'second' } });
  }
});
