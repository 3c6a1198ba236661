// The answers of Istio 0.1.6 and 0.2.2 in small clusters, as they were written down.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixtureFolder } from '@meltemi/testkit';
import { parse } from 'yaml';
import type { ClusterDocument } from './documents.ts';
import { snapshotOfFiles } from './fixture-world.ts';
import { v1App } from './v1-app.ts';
import { v1Mesh } from './v1-mesh.ts';
import type { V1Options } from './v1-world.ts';

interface Case {
  readonly name: string;
  readonly istio: '0.1.6' | '0.2.2';
  readonly kind: 'http' | 'envoy-file' | 'cli';
  readonly world: readonly string[];
  readonly watchedNamespace?: string;
  readonly mesh: string | null;
  readonly configs: readonly string[];
  readonly request: { readonly method: string; readonly path: string };
  readonly proxy?: { readonly role: 'sidecar' | 'ingress' | 'egress'; readonly ip?: string };
  readonly expected: string;
  readonly compare: string;
}

/** Answers of the agent and of istioctl are tested with them. */
const ELSEWHERE = ['022-file-gateway', '022-istioctl-get'];

const folder = fixtureFolder('seed');

if (folder === undefined) test('18 of 20 answers of the notes', { skip: 'the fixtures are not here' }, () => {});
else runCases(folder);

function runCases(root: string): void {
  const { cases } = JSON.parse(readFileSync(join(root, 'cases.json'), 'utf8')) as { readonly cases: readonly Case[] };
  const own = cases.filter(({ name }) => !ELSEWHERE.includes(name));
  test('there are 20 cases, 18 of them here', () => assert.deepEqual([cases.length, own.length], [20, 18]));
  for (const entry of own) test(entry.name, () => check(root, entry));
}

async function check(root: string, entry: Case): Promise<void> {
  const snapshot = snapshotOfFiles([...entry.world, ...entry.configs].map((path) => join(root, path)));
  const options: V1Options = {
    release: entry.istio === '0.1.6' ? '0.1' : '0.2',
    mesh: v1Mesh(entry.mesh === null ? {} : parse(readFileSync(join(root, entry.mesh), 'utf8'))),
    ...(entry.watchedNamespace !== undefined && { namespace: entry.watchedNamespace }),
  };
  const { role, ip } = entry.proxy ?? {};
  const path = entry.kind === 'http' ? entry.request.path : `/debug/envoy_file/${ip ?? role}`;
  const answer = await (await v1App(() => snapshot, options).request(path)).json();
  compare(entry.compare, answer, JSON.parse(readFileSync(join(root, entry.expected), 'utf8')));
}

function compare(how: string, answer: unknown, expected: unknown): void {
  switch (how) {
    case 'json':
      assert.deepEqual(answer, expected);
      return;
    case 'json-array-contains':
      assert.deepEqual(
        (answer as readonly Readonly<Record<string, unknown>>[]).find(
          (item) => item['service-key'] === (expected as Readonly<Record<string, unknown>>)['service-key'],
        ),
        expected,
      );
      return;
    case 'clusters-subsequence':
      assert.deepEqual(neighbours(answer as Clusters, expected as Clusters), (expected as Clusters).clusters);
      return;
    default:
      assert.fail(`unknown comparison ${how}`);
  }
}

interface Clusters {
  readonly clusters: readonly ClusterDocument[];
}

/** The clusters from the first expected one on, with the members that are expected of each. */
function neighbours(answer: Clusters, expected: Clusters): unknown {
  const start = answer.clusters.findIndex(({ name }) => name === expected.clusters[0]!.name);
  return expected.clusters.map((wanted, index) => {
    const found = answer.clusters[start + index] as unknown as Readonly<Record<string, unknown>> | undefined;
    return Object.fromEntries(Object.keys(wanted).map((member) => [member, found?.[member]]));
  });
}
