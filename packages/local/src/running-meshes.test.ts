// Entries of running meshes, of killed ones, and of pids that others have taken over.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { processIdentity } from './process-identity.ts';
import { enterMesh, removeMesh, runningMeshes } from './running-meshes.ts';

test('a mesh is found while its process runs, and not after it was killed or removed', () => {
  const root = mkdtempSync(join(tmpdir(), 'meshes-'));
  const alive = join(root, 'alive.json');
  const killed = join(root, 'killed.json');
  const state = (supervisor: object) => JSON.stringify({ supervisor, status: {}, problems: [], environments: {} });
  writeFileSync(alive, state(processIdentity(process.pid)));
  writeFileSync(killed, state({ pid: process.pid, startedAt: 'another time' }));
  assert.deepEqual(runningMeshes(root), []);
  enterMesh(root, process.pid, alive);
  enterMesh(root, 999_999_999, killed);
  assert.deepEqual(
    runningMeshes(root).map(({ supervisor }) => supervisor.pid),
    [process.pid],
  );
  removeMesh(root, process.pid);
  assert.deepEqual(runningMeshes(root), []);
  rmSync(root, { recursive: true });
});
