// Finds the mesh that a command is about.
import { join } from 'node:path';
import { type MeshState, readMeshState } from '@meltemi/local';
import { meshLocation } from './mesh-location.ts';

/** No mesh runs for the directory named. */
export class NoMeshError extends Error {
  readonly code = 'NO_MESH';
}

/** The running mesh of a directory; throws `NoMeshError`. */
export function runningMesh(root: string, dir: string | undefined): MeshState {
  const { stateDirectory } = meshLocation(root, dir);
  const state = readMeshState(join(stateDirectory, 'mesh.json'));
  if (!state) throw new NoMeshError(`no mesh runs here (state in ${stateDirectory}): start one with ./mesh up`);
  return state;
}
