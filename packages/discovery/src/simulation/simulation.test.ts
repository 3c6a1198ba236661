// Recorded calls of Istio's own simulations meet the same listener, chain, route and cluster here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { create, type JsonObject } from '@bufbuild/protobuf';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { readRegistry } from '@meltemi/registry';
import { fixtureFolder } from '@meltemi/testkit';
import { SnapshotResources } from '../compile.ts';
import { resourcesJson } from '../debug/config-dump.ts';
import { FragmentCache } from '../fragment-cache.ts';
import { meshSettings } from '../mesh-config.ts';
import { parseProxyNode, type ProxyNode } from '../proxy-node.ts';
import { YamlStore } from '../test-world.ts';
import type { RouteTable, VirtualHost } from './choose-route.test-support.ts';
import { OPEN_CALLS } from './open-calls.test-support.ts';
import type { Call, Met, ProxyConfig } from './call.test-support.ts';
import { simulate } from './simulate.test-support.ts';
import { malformations } from './well-formed.test-support.ts';

interface Case {
  readonly name: string;
  readonly kind: 'simulation' | 'virtual-hosts';
  readonly config?: string;
  readonly kubeConfig?: string;
  readonly meshConfig?: object;
  readonly proxy?: {
    readonly type?: 'sidecar' | 'router';
    readonly configNamespace?: string;
    readonly ipAddresses?: readonly string[];
    readonly metadata?: { readonly NAMESPACE?: string; readonly LABELS?: Record<string, string> };
  } | null;
  readonly validate?: boolean;
  readonly calls?: readonly { readonly name?: string; readonly call: Call; readonly expected: Expected }[];
  readonly routeName?: string;
  readonly expected?: Readonly<Record<string, readonly string[] | null>> | null;
}

interface Expected extends Partial<Met> {
  readonly strictMatch?: boolean;
}

const folder = fixtureFolder('simulation');
const skip = folder ? false : 'the recorded simulations are not on this machine';
const cases = folder ? (JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: Case[] }).cases : [];

test('there are recorded simulations', { skip }, () => {
  assert.deepEqual([cases.length, cases.flatMap(({ calls = [] }) => calls).length], [59, 225]);
});

const seen = new Set<string>();
for (const each of cases) {
  test(each.name, async (context) => {
    const config = await proxyConfig(each);
    const check = (name: string, assertion: () => void) => checkUnlessOpen(context, `${each.name}${name}`, assertion);
    if (each.validate) await check(': well formed', () => assert.deepEqual(malformations(config), []));
    if (each.kind === 'virtual-hosts') await check('', () => checkVirtualHosts(each, config));
    for (const [index, { name = '', call, expected }] of (each.calls ?? []).entries()) {
      await check(`: ${index} ${name}`, () => checkCall(simulate(config, call), expected));
    }
  });
}

test('every open call is one of the recorded', { skip }, () => {
  assert.deepEqual(
    [...OPEN_CALLS.keys()].filter((name) => !seen.has(name)),
    [],
  );
});

/** What is known not to pass must not pass: the list only shrinks. */
async function checkUnlessOpen(context: TestContext, name: string, assertion: () => void): Promise<void> {
  seen.add(name);
  await context.test(name, () => {
    if (!OPEN_CALLS.has(name)) return assertion();
    assert.throws(assertion, assert.AssertionError, `${name} passes: take it off the list of open calls`);
  });
}

function checkCall(met: Met, { strictMatch, ...expected }: Expected): void {
  const compared: Partial<Met> = strictMatch ? met : pick(met, ['error', ...Object.keys(expected)]);
  const nothing = Object.fromEntries(Object.keys(compared).map((key) => [key, '']));
  assert.deepEqual(pick(compared, Object.keys(compared)), plainHosts({ ...nothing, ...expected }));
}

function pick(met: Partial<Met>, keys: readonly string[]): Partial<Met> {
  return plainHosts(Object.fromEntries(Object.entries(met).filter(([key]) => keys.includes(key))));
}

/** Recorded without a DNS domain, short names end in their namespace. */
function plainHosts(met: object): object {
  return Object.fromEntries(Object.entries(met).map(([key, value]) => [key, plain(String(value))]));
}

function plain(text: string): string {
  return text.replaceAll('.svc.cluster.local', '');
}

function checkVirtualHosts({ routeName, expected }: Case, config: ProxyConfig): void {
  if (!expected) return;
  const table = config.routes.find(({ name }) => name === routeName) as RouteTable | undefined;
  const hosts = table?.virtualHosts ?? [];
  const found = Object.keys(expected).map((domain) => [domain, clustersOf(hosts, domain)] as const);
  const wanted = Object.entries(expected).map(([domain, clusters]) => [domain, clusters ?? []] as const);
  assert.deepEqual(found, wanted);
}

function clustersOf(hosts: readonly VirtualHost[], domain: string): string[] {
  const host = hosts.find(({ domains }) => domains.includes(domain));
  return (host?.routes ?? []).flatMap(({ route }) => route?.cluster ?? []).sort();
}

async function proxyConfig({ config, kubeConfig, meshConfig, proxy }: Case): Promise<ProxyConfig> {
  const files = [config, kubeConfig].flatMap((file) => (file ? [readFileSync(join(folder!, file), 'utf8')] : []));
  const store = await YamlStore.open(...files);
  const registry = readRegistry({ config: store, domain: 'cluster.local' });
  const { mesh } = meshSettings(meshConfig ?? {});
  const snapshot = { version: 1, config: store.view(), registry, mesh };
  const resources = new SnapshotResources(snapshot, new FragmentCache());
  const { LDS, RDS } = resources.resourcesOf(nodeOf(proxy ?? {}));
  // Some cases are about Gateways that stand in each other's way: that is said, and nothing else.
  assert.deepEqual(
    resources.problems.filter(({ code }) => code !== 'MEL0308'),
    [],
  );
  return { listeners: resourcesJson(LDS) as JsonObject[], routes: resourcesJson(RDS) as JsonObject[] };
}

function nodeOf({ type = 'sidecar', configNamespace, ipAddresses, metadata }: NonNullable<Case['proxy']>): ProxyNode {
  const namespace = metadata?.NAMESPACE ?? configNamespace ?? 'default';
  const address = ipAddresses?.[0] ?? '1.1.1.1';
  const id = `${type}~${address}~app.${namespace}~${namespace}.svc.cluster.local`;
  return parseProxyNode(create(NodeSchema, { id, metadata: { LABELS: metadata?.LABELS ?? {} } }))!;
}
