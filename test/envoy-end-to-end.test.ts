// Our running proxy does what a real Envoy does: the same bootstrap and the same requests to both, compared by all that client and upstream saw.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '@bufbuild/protobuf';
import { startBehavingUpstream } from './support/behaving-upstream.ts';
import type { EchoUpstream } from './support/echo-upstream.ts';
import { endToEndBootstrap } from './support/end-to-end-bootstrap.ts';
import { startEnvoy, withoutEnvoy as skip } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { inCommon, SEEN_DIFFERENCES, shownDifferences } from './support/intended-differences.ts';
import { type ProxyProcess, startProxyProcess } from './support/proxy-process.ts';
import { policyRequests, randomPolicies } from './support/random-policies.ts';
import { randomRequests, type TestRequest } from './support/random-requests.ts';
import { CLUSTERS, randomRoutes } from './support/random-routes.ts';
import { type SeenExchange, TestClient } from './support/seen-exchange.ts';

const ROUTE_SEEDS = [21, 22, 23];
const POLICY_SEEDS = [31, 32, 33];
/** Its clients are trusted: what they say of retries and timeouts counts. */
const TRUSTING_SEED = 33;
const TRUSTING = {
  useRemoteAddress: true,
  internalAddressConfig: { cidrRanges: [{ addressPrefix: '127.0.0.0', prefixLen: 8 }] },
};
const HOSTS = 100;
const REQUESTS_PER_HOST = 8;
/** Requests under way at a time. */
const AT_ONCE = 24;
/** Disagreements that a failure shows. */
const SHOWN = 5;

interface Pair {
  readonly routes: JsonObject;
  readonly requests: readonly TestRequest[];
  readonly ours: TestClient;
  readonly envoys: TestClient;
}

const pairs = new Map<string, Pair>();
const upstreams: EchoUpstream[] = [];
const running: ProxyProcess[] = [];
const tries = new Map<string, number>();
let compared = 0;
/** Names of the intended differences that were met. */
const shown = new Set<string>();

before(async () => {
  if (skip) return;
  for (const name of CLUSTERS) upstreams.push(await startBehavingUpstream(name, tries));
  const wanted = [
    ...ROUTE_SEEDS.map((seed) => ({
      name: `routes ${seed}`,
      routes: randomRoutes(seed, HOSTS),
      manager: {},
      requests: randomRequests(seed, HOSTS, REQUESTS_PER_HOST),
    })),
    ...POLICY_SEEDS.map((seed) => ({
      name: `policies ${seed}`,
      routes: randomPolicies(seed, HOSTS),
      manager: seed === TRUSTING_SEED ? TRUSTING : {},
      requests: policyRequests(seed, HOSTS, REQUESTS_PER_HOST),
    })),
  ];
  const ports = await freePorts(2 * wanted.length);
  const listenersFrom = (first: number) =>
    wanted.map(({ routes, manager }, index) => ({ routes, manager, port: ports[first + index]! }));
  running.push(await startEnvoy(endToEndBootstrap(listenersFrom(0), upstreams)));
  running.push(await startProxyProcess(endToEndBootstrap(listenersFrom(wanted.length), upstreams)));
  for (const [index, { name, routes, requests }] of wanted.entries()) {
    const envoys = new TestClient(ports[index]!);
    const ours = new TestClient(ports[wanted.length + index]!);
    pairs.set(name, { routes, requests, ours, envoys });
  }
});

after(async () => {
  for (const { ours, envoys } of pairs.values()) {
    ours.close();
    envoys.close();
  }
  await Promise.all(running.map((each) => each.stop()));
  for (const upstream of upstreams) upstream.close();
});

for (const name of [
  ...ROUTE_SEEDS.map((seed) => `routes ${seed}`),
  ...POLICY_SEEDS.map((seed) => `policies ${seed}`),
]) {
  test(`does as Envoy does, end to end: ${name}`, { skip }, async () => {
    const { routes, requests, ours, envoys } = pairs.get(name)!;
    const wrong: object[] = [];
    await inParallel(requests, async (request, index) => {
      let [envoy, own] = await Promise.all([
        seenBy(envoys, request, `envoy ${name} ${index}`),
        seenBy(ours, request, `ours ${name} ${index}`),
      ]);
      compared++;
      if (typeof own === 'object' && typeof envoy === 'object') {
        for (const difference of shownDifferences(own, envoy, request)) shown.add(difference);
        own = inCommon(own, request);
        envoy = inCommon(envoy, request);
      }
      if (!isDeepStrictEqual(own, envoy))
        wrong.push({ request, ...difference(own, envoy), virtualHost: virtualHostOf(routes, request) });
    });
    assert.deepEqual(
      wrong.slice(0, SHOWN).map((each) => JSON.stringify(each)),
      [],
      `${wrong.length} of ${requests.length} differ`,
    );
  });
}

test('enough was compared', { skip }, (t) => {
  t.diagnostic(`${compared} pairs of configuration and request, end to end`);
  const stale = SEEN_DIFFERENCES.filter(({ name }) => !shown.has(name));
  assert.deepEqual(stale, [], 'intended differences that no pair showed');
  assert.ok(compared >= 2000, `only ${compared} pairs`);
});

async function seenBy(client: TestClient, request: TestRequest, id: string): Promise<SeenExchange | string> {
  try {
    return await client.send(request, id);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed';
  }
}

async function inParallel<Item>(items: readonly Item[], each: (item: Item, index: number) => Promise<void>) {
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) await each(item, index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Only what differs. */
function difference(own: unknown, envoy: unknown): { readonly ours: unknown; readonly envoys: unknown } {
  if (!isRecord(own) || !isRecord(envoy)) return { ours: own, envoys: envoy };
  const ours: Record<string, unknown> = {};
  const envoys: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(own), ...Object.keys(envoy)])) {
    if (isDeepStrictEqual(own[key], envoy[key])) continue;
    const inner = difference(own[key], envoy[key]);
    ours[key] = inner.ours;
    envoys[key] = inner.envoys;
  }
  return { ours, envoys };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function virtualHostOf(routes: JsonObject, { authority }: TestRequest): object | undefined {
  const hosts = routes['virtualHosts'] as { readonly name: string }[];
  return hosts.find(({ name }) => name === authority.split(':')[0]);
}
