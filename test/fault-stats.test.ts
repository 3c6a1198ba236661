// Injected faults are counted as Envoy counts them, and for those clients that are meant.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { httpFilter, perRoute, startPairedProxies } from './support/paired-proxies.ts';

test(
  'faults count by the client’s cluster, hit the nodes and headers that are named, up to a limit',
  { skip: withoutEnvoy },
  async (context) => {
    const all = { numerator: 100 };
    const abort = { abort: { http_status: 418, percentage: all } };
    const fault = (fields: object) => ({ filters: [httpFilter('fault', 'HTTPFault', fields)] });
    const quiet = perRoute('fault', 'HTTPFault', { ...abort, disable_downstream_cluster_stats: true });
    const pair = await startPairedProxies(context, {
      listeners: [
        {
          ...fault(abort),
          routes: [
            { match: { prefix: '/quiet' }, route: { cluster: 'echo' }, typed_per_filter_config: quiet },
            { match: { prefix: '/' }, route: { cluster: 'echo' } },
          ],
        },
        fault({ ...abort, downstream_nodes: ['one', 'two'] }),
        fault({ ...abort, headers: [{ name: 'x-a', string_match: { exact: 'b' } }] }),
        fault({ ...abort, max_active_faults: 0 }),
        fault({ delay: { fixed_delay: '0.01s', percentage: all } }),
      ],
    });
    const clients: readonly Record<string, string>[] = [
      {},
      { 'x-envoy-downstream-service-cluster': 'shop' },
      { 'x-envoy-downstream-service-node': 'two' },
      { 'x-envoy-downstream-service-node': 'three', 'x-a': 'b' },
    ];
    for (const index of [0, 1, 2, 3, 4]) {
      for (const headers of clients) for (const path of ['/', '/quiet']) await pair.same(index, { path, headers });
    }
    const stats = async (port: number) => {
      const response = await fetch(`http://127.0.0.1:${port}/stats?filter=[.]fault[.].*(delays|aborts|overflow)`);
      return (await response.text()).trim().split('\n').sort();
    };
    assert.deepEqual(await stats(pair.ours.admin), await stats(pair.envoy.admin));
  },
);
