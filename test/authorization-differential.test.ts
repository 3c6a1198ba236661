// Random AuthorizationPolicies: what a real istiod makes of them and what ours does, judged on random calls.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { unpackAny } from '@meltemi/api';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { FilterChain } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { RBACSchema as HttpRbacSchema } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { HttpConnectionManagerSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { RBACSchema as NetworkRbacSchema } from '@meltemi/api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { type AccessFilter, type AccessRequest, compileHttpAccess, compileNetworkAccess } from '@meltemi/decide';
import { endpointSlice, namespace, pod, runningStatus, service } from '@meltemi/testkit';
import { IstiodBesideOurs } from './support/istiod-beside-ours.ts';
import { reasonAgainstIstio } from './support/istio-world.ts';
import { asConnection, randomAuthorization, randomCalls } from './support/random-access.ts';
import { type Collected, collectedAny, type CollectedNode } from './support/xds-collect.ts';

const skip = reasonAgainstIstio();
const APPS = Array.from({ length: 12 }, (_, index) => `app${index}`);
const ROUNDS = 4;
const CALLS = 80;
const PORTS = [
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'tcp', port: 9000, targetPort: 9000 },
];
const FACTS = APPS.map((app, index) => ({
  namespace: 'demo',
  name: app,
  app,
  version: 'v1',
  address: `10.244.0.${index + 1}`,
}));
const OBJECTS = [
  ...['istio-system', 'demo'].map(namespace),
  ...FACTS.map((facts) => ({ ...pod(facts), status: runningStatus(facts) })),
  ...FACTS.flatMap((facts, index) => {
    const serviceFacts = {
      namespace: 'demo',
      name: facts.app,
      address: `10.96.2.${index + 1}`,
      ports: PORTS,
      pods: [facts],
    };
    return [service(serviceFacts), endpointSlice(serviceFacts)];
  }),
];
const NODES: readonly CollectedNode[] = FACTS.map(({ app, address }) => ({
  id: `sidecar~${address}~${app}.demo~demo.svc.cluster.local`,
  metadata: { NAMESPACE: 'demo', LABELS: { app, version: 'v1' }, SERVICE_ACCOUNT: app, CLUSTER_ID: 'Kubernetes' },
}));
const MESH = { trustDomain: 'cluster.local', trustDomainAliases: ['old.domain'] };

let both: IstiodBesideOurs;
before(async () => {
  if (!skip) both = await IstiodBesideOurs.start({ objects: OBJECTS, meshConfig: MESH });
});
after(async () => {
  if (!skip) await both.close();
});

test('every verdict is the same, by the same policy, enforced or on trial', { skip }, async () => {
  let [pairs, denied] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const seed = 4711 + round;
    const { istiod, ours, problems } = await both.answers(randomAuthorization(seed, APPS), NODES);
    assert.deepEqual(problems, []);
    const calls = randomCalls(seed, CALLS);
    for (const { id } of NODES) {
      const [theirs, own] = [guardOf(istiod, id), guardOf(ours, id)];
      for (const call of calls) {
        for (const [kind, asked] of [
          ['http', call],
          ['tcp', asConnection(call, 9000)],
        ] as const) {
          const expected = verdicts(theirs[kind], asked);
          assert.deepEqual(verdicts(own[kind], asked), expected, `${id} seed ${seed}: ${JSON.stringify(asked)}`);
          pairs++;
          if (expected.some(({ allowed, shadow }) => !allowed && !shadow)) denied++;
        }
      }
    }
  }
  process.stdout.write(`${pairs} calls, ${denied} of them denied, judged alike\n`);
  assert.ok(pairs >= 5000 && denied > pairs / 20 && denied < (pairs * 19) / 20, `${denied} of ${pairs} denied`);
});

/** What guards the ports of a pod, in the order in which it is asked. */
interface Guard {
  readonly http: readonly AccessFilter[];
  readonly tcp: readonly AccessFilter[];
}

function guardOf(collected: Collected, id: string): Guard {
  const listeners = collected[id]!.LDS.map((text) => unpackAny(collectedAny(text), ListenerSchema)!);
  const chains = listeners.find(({ name }) => name === 'virtualInbound')!.filterChains;
  const ofPort = (port: number) => {
    const chain = chains.find(({ filterChainMatch }) => filterChainMatch?.destinationPort === port);
    assert.ok(chain, `${id} has a chain for port ${port}`);
    return chain;
  };
  return { http: httpFilters(ofPort(8080)), tcp: tcpFilters(ofPort(9000)) };
}

function httpFilters({ filters }: FilterChain): readonly AccessFilter[] {
  const managers = filters.flatMap(({ configType: { case: kind, value } }) =>
    kind === 'typedConfig' ? (unpackAny(value, HttpConnectionManagerSchema) ?? []) : [],
  );
  return managers.flatMap(({ httpFilters: inner }) =>
    inner.flatMap(({ configType: { case: kind, value } }) => {
      const rules = kind === 'typedConfig' ? unpackAny(value, HttpRbacSchema) : undefined;
      return rules ? [compileHttpAccess(rules)] : [];
    }),
  );
}

function tcpFilters({ filters }: FilterChain): readonly AccessFilter[] {
  return filters.flatMap(({ configType: { case: kind, value } }) => {
    const rules = kind === 'typedConfig' ? unpackAny(value, NetworkRbacSchema) : undefined;
    return rules ? [compileNetworkAccess(rules)] : [];
  });
}

function verdicts(filters: readonly AccessFilter[], call: AccessRequest) {
  return filters.flatMap(({ enforced, shadow }) => [
    ...(enforced ? [{ ...enforced.judge(call), shadow: false }] : []),
    ...(shadow ? [{ ...shadow.judge(call), shadow: true }] : []),
  ]);
}
