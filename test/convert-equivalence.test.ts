// Rules of Istio 0.1 and 0.2 mean the same as what `istioctl convert` makes of them: to proxies, and to requests.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { extensionRegistry } from '@meltemi/api';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { ManualClock, seededDice } from '@meltemi/base';
import { istioctl } from '@meltemi/cli';
import { compileRouteTable, decide, type RouteTable } from '@meltemi/decide';
import fc from 'fast-check';
import { get } from '../packages/decide/src/fixture.ts';
import { resourcesJson } from '../packages/discovery/src/debug/config-dump.ts';
import type { ProxyResources } from '../packages/discovery/src/resources.ts';
import { pod, redirectedNode, resourcesOf, service } from '../packages/discovery/src/test-world.ts';
import { type AskedRequest, chosenRule } from './support/chosen-rule.ts';
import { type OldRule, randomOldRules, writtenRule } from './support/random-old-rules.ts';

const RUNS = Number(process.env['MELTEMI_CONVERTED_SETS'] ?? 60);
const WORLD = [
  service('productpage'),
  service('reviews'),
  service('ratings'),
  ...['v1', 'v2'].map((version) => pod('reviews', version)),
  pod('ratings', 'v1'),
];
const TYPES = ['CDS', 'EDS', 'LDS', 'RDS'] as const;

const directory = mkdtempSync(join(tmpdir(), 'convert-'));
after(() => rmSync(directory, { recursive: true }));

/** Every rule is in a file of its own, every second one in the form of 0.1. */
async function converted(rules: readonly OldRule[]): Promise<string> {
  const files = rules.flatMap((rule, index) => {
    const file = join(directory, `${index}.yaml`);
    writeFileSync(file, writtenRule(rule, index % 2 === 0 ? '0.2' : '0.1'));
    return ['-f', file];
  });
  const [out, error]: [string[], string[]] = [[], []];
  const code = await istioctl(['convert', '--to', 'v1', ...files], {
    out: (text) => void out.push(text),
    error: (text) => void error.push(text),
    readStdin: () => Promise.resolve(''),
    clock: new ManualClock(),
    configDir: directory,
    version: '1',
  });
  assert.equal(code, 0, error.join(''));
  return out.join('');
}

/** By type, without the places that they were written in, and without an order that means nothing. */
function shown(resources: ProxyResources): readonly (readonly [string, unknown])[] {
  return TYPES.map((type) => {
    const written = resourcesJson(resources[type]).map((one) => JSON.stringify(one, meant));
    return [type, written.toSorted().map((text) => JSON.parse(text) as unknown)] as const;
  });
}

function meant(key: string, value: unknown): unknown {
  if (key === 'virtualHosts') return (value as { name: string }[]).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (key !== 'filterMetadata') return value;
  const { meltemi: _, istio, ...others } = value as { meltemi?: object; istio?: { config?: string } & JsonObject };
  const { config: _place, ...kept } = istio ?? {};
  return { ...others, ...(Object.keys(kept).length > 0 && { istio: kept }) };
}

function tableOf(resources: ProxyResources): RouteTable {
  const json = resourcesJson(resources.RDS).find((one) => (one as JsonObject)['name'] === '9080') as JsonObject;
  const { '@type': _, ...config } = json;
  return compileRouteTable(fromJson(RouteConfigurationSchema, config, { registry: extensionRegistry() }));
}

const request: fc.Arbitrary<AskedRequest> = fc.record({
  host: fc.constantFrom('reviews', 'ratings'),
  path: fc.constantFrom('/', '/a', '/ab', '/b', '/c'),
  method: fc.constantFrom('GET', 'a'),
  headers: fc.record(
    { 'x-a': fc.constantFrom('a', 'b', 'abc'), cookie: fc.constantFrom('a', 'b') },
    { requiredKeys: [] },
  ),
});

interface Decided {
  readonly name: string;
  /** All that was decided, but for the place of the route. */
  readonly text: string;
}

function decided(table: RouteTable, { host, path, method, headers }: AskedRequest, seed: number): Decided {
  const decision = decide(table, get(path, headers, { method, authority: `${host}:9080` }), seededDice(seed));
  assert.ok(decision.kind === 'route' || decision.kind === 'redirect', decision.kind);
  const { route, ...rest } = decision;
  return { name: route.name, text: inspect({ ...rest, virtualHost: route.virtualHost }, { depth: 8 }) };
}

test(`${RUNS} random sets of old rules, and what they are converted to`, { timeout: 120_000 }, async () => {
  const node = redirectedNode('productpage');
  const property = fc.asyncProperty(
    randomOldRules,
    fc.array(request, { minLength: 5, maxLength: 20 }),
    async (rules, requests) => {
      const now = await converted(rules);
      assert.ok(!now.includes('config.istio.io'));
      const old = await resourcesOf(node, ...WORLD, ...rules.map((rule) => writtenRule(rule, '0.2')));
      const today = await resourcesOf(node, ...WORLD, now);
      assert.deepEqual(shown(today), shown(old));
      const [before, after] = [tableOf(old), tableOf(today)];
      for (const [seed, one] of requests.entries()) {
        const decision = decided(before, one, seed);
        assert.deepEqual(decided(after, one, seed), decision);
        // Without a rule that takes it, a request goes where it would go without rules.
        const rule = chosenRule(rules, one);
        if (rule !== undefined) assert.equal(decision.name, rule);
        else assert.ok(!decision.name.startsWith('rule-'), decision.name);
      }
    },
  );
  await fc.assert(property, { numRuns: RUNS });
});
