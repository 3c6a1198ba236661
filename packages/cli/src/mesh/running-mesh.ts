// Finds the mesh that a command is about.
import { join } from 'node:path';
import { type MeshState, readMeshState, runningMeshes } from '@meltemi/local';
import { meshLocation } from './mesh-location.ts';

/** No mesh runs for the directory named, or it is not clear which one is meant. */
export class NoMeshError extends Error {
  readonly code = 'NO_MESH';
}

/** The running mesh of a directory; without one named, the only mesh of the checkout. Throws `NoMeshError`. */
export function runningMesh(root: string, dir: string | undefined): MeshState {
  const { stateDirectory } = meshLocation(root, dir);
  const state = readMeshState(join(stateDirectory, 'mesh.json')) ?? (dir === undefined ? onlyMesh(root) : undefined);
  if (!state) throw new NoMeshError(`no mesh runs here (state in ${stateDirectory}): start one with ./mesh up`);
  return state;
}

/** The configuration directory of the mesh that runs, or of the one that would. */
export function configDirectory(root: string): string {
  try {
    return runningMesh(root, undefined).status.configDirectory;
  } catch (error) {
    if (error instanceof NoMeshError) return meshLocation(root, undefined).configDirectory;
    throw error;
  }
}

function onlyMesh(root: string): MeshState | undefined {
  const meshes = runningMeshes(root);
  if (meshes.length < 2) return meshes[0];
  const directories = meshes.map(({ status }) => status.configDirectory).join(', ');
  throw new NoMeshError(`several meshes run: say which one by --dir (${directories})`);
}
