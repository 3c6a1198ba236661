// A retry policy that leaves out the priorities that were tried leads where Envoy's leads.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { withoutEnvoy } from './support/envoy.ts';
import { clusterOf, startPairedProxies } from './support/paired-proxies.ts';

const RETRY = 'type.googleapis.com/envoy.extensions.retry';
const RETRIES = [0, 1, 2, 3, 4, 5, 6];

test('another try goes to a priority that was not tried, until all were', { skip: withoutEnvoy }, async (context) => {
  const failing = await Promise.all(['first', 'second', 'third'].map((name) => startFailing(context, name)));
  const route = (frequency: number, retries: number) => ({
    match: { path: `/${frequency}/${retries}` },
    route: {
      cluster: 'failing',
      retry_policy: {
        retry_on: '5xx',
        num_retries: retries,
        retry_back_off: { base_interval: '0.001s' },
        retry_priority: {
          name: 'envoy.retry_priorities.previous_priorities',
          typed_config: {
            '@type': `${RETRY}.priority.previous_priorities.v3.PreviousPrioritiesConfig`,
            update_frequency: frequency,
          },
        },
        retry_host_predicate: [
          {
            name: 'envoy.retry_host_predicates.previous_hosts',
            typed_config: { '@type': `${RETRY}.host.previous_hosts.v3.PreviousHostsPredicate` },
          },
        ],
        host_selection_retry_max_attempts: 5,
      },
    },
  });
  const lb_endpoints = (port: number) => [
    { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } },
  ];
  const load_assignment = {
    cluster_name: 'failing',
    endpoints: failing.map((port, priority) => ({ priority, lb_endpoints: lb_endpoints(port) })),
  };
  const pair = await startPairedProxies(context, {
    clusters: [clusterOf('failing', 0, { load_assignment })],
    listeners: [{ filters: [], routes: [1, 2, 3].flatMap((each) => RETRIES.map((retries) => route(each, retries))) }],
  });
  const last = new Map<number, string[]>();
  for (const frequency of [1, 2, 3]) {
    for (const retries of RETRIES) {
      const { body } = await pair.same(0, { path: `/${frequency}/${retries}` });
      last.set(frequency, [...(last.get(frequency) ?? []), body]);
    }
  }
  assert.deepEqual(last.get(1)!.slice(0, 4), ['first', 'second', 'third', 'first']);
  assert.deepEqual(last.get(2)!.slice(0, 5), ['first', 'first', 'second', 'second', 'third']);
});

async function startFailing(context: TestContext, name: string): Promise<number> {
  const server = createServer((_, response) => response.writeHead(503).end(name));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
