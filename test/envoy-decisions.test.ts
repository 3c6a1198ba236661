// Our decisions are a real Envoy's: random routes and requests, answered by both.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { registryOf } from '@meltemi/api';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { file_envoy_config_route_v3_route_components as routesFile } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { file_envoy_extensions_filters_http_fault_v3_fault as faultFile } from '@meltemi/api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { file_envoy_extensions_path_match_uri_template_v3_uri_template_match as matchFile } from '@meltemi/api/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb';
import { file_envoy_extensions_path_rewrite_uri_template_v3_uri_template_rewrite as rewriteFile } from '@meltemi/api/envoy/extensions/path/rewrite/uri_template/v3/uri_template_rewrite_pb';
import { file_envoy_type_matcher_v3_http_inputs as inputsFile } from '@meltemi/api/envoy/type/matcher/v3/http_inputs_pb';
import { seededDice } from '@meltemi/base';
import { compileRouteTable, normalisePath, type RouteTable } from '@meltemi/decide';
import { CHANCES, chanceRoutes, type Shares } from './support/chance-routes.ts';
import { type EchoUpstream, startEchoUpstream } from './support/echo-upstream.ts';
import { type EnvoyListener, envoyBootstrap } from './support/envoy-bootstrap.ts';
import { type RunningEnvoy, startEnvoy, withoutEnvoy as skip } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { HOST_REQUESTS, hostRoutes } from './support/host-routes.ts';
import { INTENDED_DIFFERENCES, PATH_MODES, type PathMode, type PathOutcome } from './support/intended-differences.ts';
import { closeConnections, envoysOutcome, type Outcome, ourOutcome } from './support/outcome.ts';
import { randomPaths, randomRequests, type TestRequest } from './support/random-requests.ts';
import { CLUSTERS, randomRoutes } from './support/random-routes.ts';

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);
const HOSTS = 100;
const REQUESTS_PER_HOST = 8;
const PATHS = 300;
const CHANCE_REQUESTS = 1000;
/** A share that is off by more than this many standard deviations is wrong (by mere chance: about once in 100 000 runs). */
const SIGMAS = 5;
/** Disagreements that a failure shows. */
const SHOWN = 5;

const registry = registryOf(faultFile, matchFile, rewriteFile, routesFile, inputsFile);
const everyPath: JsonObject = {
  name: 'paths',
  virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '' }, route: { cluster: 'v1' } }] }],
};
const pathModes = Object.keys(PATH_MODES) as PathMode[];

/** By what it is for. */
const listeners = new Map<string, EnvoyListener>();
const upstreams: EchoUpstream[] = [];
let envoy: RunningEnvoy | undefined;
let compared = 0;
/** What requests came to. */
const kinds = new Set<string>();

before(async () => {
  if (skip) return;
  const wanted: readonly (readonly [string, Omit<EnvoyListener, 'port'>])[] = [
    ...SEEDS.map((seed) => [`seed ${seed}`, { routes: randomRoutes(seed, HOSTS) }] as const),
    ...pathModes.map((mode) => [mode, { routes: everyPath, manager: PATH_MODES[mode].envoy }] as const),
    ...[true, false].map((ignorePort) => [`hosts ${ignorePort}`, { routes: hostRoutes(ignorePort) }] as const),
    ['chance', { routes: chanceRoutes() }],
  ];
  const ports = await freePorts(wanted.length);
  for (const [index, [name, listener]] of wanted.entries()) listeners.set(name, { ...listener, port: ports[index]! });
  for (const name of CLUSTERS) upstreams.push(await startEchoUpstream(name));
  envoy = await startEnvoy(envoyBootstrap([...listeners.values()], upstreams));
});

after(async () => {
  await envoy?.stop();
  closeConnections();
  for (const upstream of upstreams) upstream.close();
});

for (const seed of SEEDS) {
  test(`decides as Envoy does: seed ${seed}`, { skip }, async () => {
    const listener = listeners.get(`seed ${seed}`)!;
    const outcomes = await assertAgreed(listener, randomRequests(seed, HOSTS, REQUESTS_PER_HOST));
    for (const outcome of outcomes) kinds.add(kindOf(outcome));
  });
}

for (const ignorePort of [true, false]) {
  test(`finds the virtual host that Envoy finds, ${ignorePort ? 'without' : 'with'} the port`, { skip }, async () => {
    const outcomes = await assertAgreed(listeners.get(`hosts ${ignorePort}`)!, HOST_REQUESTS);
    const chosen = new Set(outcomes.map(({ route }) => route));
    assert.ok(chosen.size > 8, `only ${chosen.size} virtual hosts were chosen`);
  });
}

for (const mode of pathModes) {
  test(`brings paths to Envoy's form: ${mode}`, { skip }, async () => {
    const wrong: object[] = [];
    for (const path of randomPaths(pathModes.indexOf(mode), PATHS)) {
      const ours = ourPath(path, mode);
      const envoys = await expectedPath(path, mode);
      compared++;
      if (ours !== envoys) wrong.push({ path, ours, envoys });
    }
    assert.deepEqual(wrong.slice(0, SHOWN), []);
  });
}

for (const { name, reason, example } of INTENDED_DIFFERENCES) {
  test(`differs from Envoy on purpose: ${name}`, { skip }, async () => {
    const { mode, path, ours, envoys } = example;
    const seen = { ours: ourPath(path, mode), envoys: await envoysPath(path, mode) };
    assert.notEqual(
      seen.ours,
      seen.envoys,
      `the exception is stale, both agree on ${path}; it was made because ${reason}`,
    );
    assert.deepEqual(seen, { ours, envoys });
  });
}

for (const { name, shares } of CHANCES) {
  test(`leaves as much to chance as Envoy: ${name}`, { skip }, async () => {
    const { port, routes } = listeners.get('chance')!;
    const request = { method: 'GET', authority: name, path: '/', headers: {} };
    const table = tableOf(routes);
    const dice = seededDice(1);
    assertShares(
      Array.from({ length: CHANCE_REQUESTS }, () => ourOutcome(table, request, dice)),
      shares,
    );
    const requests = Array.from({ length: CHANCE_REQUESTS }, () => envoysOutcome(port, request));
    assertShares(await Promise.all(requests), shares);
  });
}

test('enough was compared', { skip }, (t) => {
  t.diagnostic(`${compared} pairs of configuration and request`);
  assert.deepEqual([...kinds].sort(), ['direct', 'fault', 'forwarded', 'no cluster', 'no route', 'redirect']);
  assert.ok(compared >= 10_000, `only ${compared} pairs`);
  const trees = [...listeners.values()].flatMap(({ routes }) =>
    (routes['virtualHosts'] as JsonObject[]).filter(hasTree),
  );
  t.diagnostic(`${trees.length} virtual hosts choose their routes by a match tree`);
  assert.ok(trees.length >= 100, `only ${trees.length} match trees`);
});

/** Sends every request to the listener and compares; resolves to the outcomes, which are both sides'. */
async function assertAgreed(
  { port, routes }: EnvoyListener,
  requests: readonly TestRequest[],
): Promise<readonly Outcome[]> {
  const table = tableOf(routes);
  const ours = requests.map((request) => ourOutcome(table, request, seededDice(1)));
  const envoys = await Promise.all(requests.map((request) => envoysOutcome(port, request)));
  compared += requests.length;
  const wrong = requests
    .map((request, index) => ({ request, ours: ours[index]!, envoys: envoys[index]! }))
    .filter((each) => !isDeepStrictEqual(each.ours, each.envoys))
    .map((each) => ({ ...each, virtualHost: virtualHostOf(routes, each.request) }));
  if (wrong.length > 0)
    assert.fail(
      `${wrong.length} disagreements: ${wrong
        .slice(0, SHOWN)
        .map((each) => JSON.stringify(each))
        .join('\n')}`,
    );
  return ours;
}

function hasTree(virtualHost: JsonObject): boolean {
  return 'matcher' in virtualHost;
}

function kindOf(outcome: Outcome): string {
  if (outcome.kind === 'forwarded') return 'forwarded';
  if (outcome.location !== undefined) return 'redirect';
  if (outcome.body === 'fault filter abort') return 'fault';
  if (outcome.status === 404) return 'no route';
  return outcome.status === 503 ? 'no cluster' : 'direct';
}

function virtualHostOf(routes: JsonObject, { authority }: TestRequest): object | undefined {
  const hosts = routes['virtualHosts'] as { readonly name: string }[];
  return hosts.find(({ name }) => name === authority.split(':')[0]);
}

/** What Envoy does with the path, or with the one that the intended differences put in its place. */
async function expectedPath(path: string, mode: PathMode): Promise<PathOutcome> {
  let stand: PathOutcome = path;
  for (const { asIf } of INTENDED_DIFFERENCES) {
    if (typeof stand === 'number') return stand;
    stand = asIf(stand, PATH_MODES[mode].ours);
  }
  return typeof stand === 'number' ? stand : envoysPath(stand, mode);
}

async function envoysPath(path: string, mode: PathMode): Promise<PathOutcome> {
  const { port } = listeners.get(mode)!;
  const outcome = await envoysOutcome(port, { method: 'GET', authority: 'any', path, headers: {} });
  return outcome.kind === 'forwarded' ? outcome.path : outcome.status;
}

function ourPath(path: string, mode: PathMode): PathOutcome {
  const normalised = normalisePath(path, PATH_MODES[mode].ours);
  return normalised.kind === 'reject' ? normalised.status : normalised.path;
}

function assertShares(outcomes: readonly Outcome[], shares: Shares): void {
  const counts = Object.groupBy(outcomes, (outcome) =>
    outcome.kind === 'forwarded' ? outcome.cluster : String(outcome.status),
  );
  for (const name of new Set([...Object.keys(counts), ...Object.keys(shares)])) {
    const expected = shares[name] ?? 0;
    const seen = (counts[name]?.length ?? 0) / outcomes.length;
    const bound = SIGMAS * Math.sqrt((expected * (1 - expected)) / outcomes.length);
    assert.ok(Math.abs(seen - expected) <= bound, `${name}: a share of ${seen}, not ${expected} ± ${bound.toFixed(3)}`);
  }
}

function tableOf(routes: JsonObject): RouteTable {
  return compileRouteTable(fromJson(RouteConfigurationSchema, routes, { registry }));
}
