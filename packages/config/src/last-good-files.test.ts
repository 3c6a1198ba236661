// A store that opens while a file is broken, or after its copy was damaged.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { silentLogger, systemClock } from '@meltemi/base';

import { DirectoryStore } from './directory-store.ts';

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n';

test('what was good of a file is there after a restart, with the mistake; a damaged copy is passed over', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'config-'));
  const lastGoodDirectory = mkdtempSync(join(tmpdir(), 'last-good-'));
  const file = join(directory, 'web.yaml');
  const read = async () => {
    const options = { directories: [directory], clock: systemClock(), logger: silentLogger, watchFiles: false };
    const store = await DirectoryStore.open({ ...options, lastGoodDirectory });
    const view = store.view();
    await store.close();
    return { ports: view.objects('Service').map(({ spec }) => spec.ports?.[0]?.port), problems: view.problems.length };
  };
  writeFileSync(file, SERVICE);
  assert.deepEqual(await read(), { ports: [80], problems: 0 });
  assert.deepEqual(await read(), { ports: [80], problems: 0 });
  writeFileSync(file, SERVICE.replace('80', 'eighty'));
  assert.deepEqual(await read(), { ports: [80], problems: 1 });
  assert.deepEqual(await read(), { ports: [80], problems: 1 });
  for (const name of readdirSync(lastGoodDirectory)) writeFileSync(join(lastGoodDirectory, name), '{');
  assert.deepEqual(await read(), { ports: [], problems: 1 });
  rmSync(file);
  assert.deepEqual(await read(), { ports: [], problems: 0 });
  writeFileSync(file, SERVICE.replace('80', '81'));
  assert.deepEqual(await read(), { ports: [81], problems: 0 });
  assert.equal(readdirSync(lastGoodDirectory).length, 1);
  rmSync(directory, { recursive: true });
  rmSync(lastGoodDirectory, { recursive: true });
});
