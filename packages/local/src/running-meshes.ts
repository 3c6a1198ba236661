// Which meshes of a checkout run now, so that commands find the one that is meant without being told its directory.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MeshState, readMeshState } from './mesh-state.ts';

/** A file for each mesh, named by its process, that holds the path of its state file. */
const FOLDER = '.mesh/running';

/** Enters a mesh; its entry counts as long as its state file does. */
export function enterMesh(root: string, pid: number, stateFile: string): void {
  mkdirSync(join(root, FOLDER), { recursive: true, mode: 0o700 });
  writeFileSync(join(root, FOLDER, String(pid)), stateFile);
}

export function removeMesh(root: string, pid: number): void {
  rmSync(join(root, FOLDER, String(pid)), { force: true });
}

/** The running meshes of a checkout. Entries of meshes that were killed are passed over. */
export function runningMeshes(root: string): readonly MeshState[] {
  return entries(root).flatMap((pid) => {
    const state = readMeshState(readFileSync(join(root, FOLDER, pid), 'utf8'));
    return state && String(state.supervisor.pid) === pid ? [state] : [];
  });
}

function entries(root: string): readonly string[] {
  try {
    return readdirSync(join(root, FOLDER));
  } catch {
    return [];
  }
}
