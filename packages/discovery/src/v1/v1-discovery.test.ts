// The recorded answers of Pilot 0.2.2, byte for byte.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixtureFolder } from '@meltemi/testkit';
import { parse } from 'yaml';
import type { Snapshot } from '../snapshot.ts';
import { snapshotOfFiles } from './fixture-world.ts';
import { v1App } from './v1-app.ts';
import { v1Mesh } from './v1-mesh.ts';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly expected?: string;
}

interface Case extends Request {
  readonly name: string;
  readonly world: string;
  readonly configs: readonly string[];
  readonly configsKubernetes: readonly string[];
  readonly mesh: Readonly<Record<string, unknown>>;
  readonly steps?: readonly (Request | { readonly action: string })[];
}

const folder = fixtureFolder('v1-discovery');

if (folder === undefined) test('58 recorded answers of Pilot 0.2.2', { skip: 'the fixtures are not here' }, () => {});
else runCases(folder);

function runCases(root: string): void {
  const { cases } = JSON.parse(readFileSync(join(root, 'cases.json'), 'utf8')) as { readonly cases: readonly Case[] };
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const base = parse(read('mesh.yaml')) as Readonly<Record<string, unknown>>;
  test('there are 58 cases', () => assert.equal(cases.length, 58));
  for (const entry of cases) {
    test(entry.name, async () => {
      // What an ingress says was no object of the user's in Pilot's own form.
      const ingress = entry.configs.some((path) => path.includes('ingress-'));
      const forms = ingress ? [entry.configsKubernetes] : [entry.configs, entry.configsKubernetes];
      for (const configs of forms) await check(entry, configs);
    });
  }

  async function check(entry: Case, configs: readonly string[]): Promise<void> {
    const world = readdirSync(join(root, entry.world)).map((name) => join(root, entry.world, name));
    let snapshot: Snapshot = snapshotOfFiles([...world, ...configs.map((path) => join(root, path))]);
    const app = v1App(() => snapshot, { release: '0.2', mesh: v1Mesh({ ...base, ...entry.mesh }) });
    for (const step of entry.steps ?? [entry]) {
      if ('action' in step) snapshot = { ...snapshot, version: snapshot.version + 1 };
      else await request(step);
    }

    async function request({ method, path, status, expected }: Request): Promise<void> {
      const response = await app.request(path, { method });
      const body = await response.text();
      assert.equal(response.status, status);
      if (expected !== undefined) assert.equal(body.trim(), read(expected).trim());
    }
  }
}
