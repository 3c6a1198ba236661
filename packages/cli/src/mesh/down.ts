// `mesh down`: tells the running mesh to drain and end, and waits until it is gone.
import { isSameProcess } from '@meltemi/local';
import type { MeshProgram } from './mesh-program.ts';
import { NoMeshError, runningMesh } from './running-mesh.ts';

const POLL_MS = 50;
const DEADLINE_MS = 60_000;

/** Succeeds when no mesh runs, too. */
export async function down(program: MeshProgram, options: { dir?: string }): Promise<number> {
  let supervisor;
  try {
    ({ supervisor } = runningMesh(program.root, options.dir));
  } catch (error) {
    if (!(error instanceof NoMeshError)) throw error;
    program.stderr.write('no mesh runs here\n');
    return 0;
  }
  process.kill(supervisor.pid, 'SIGTERM');
  for (let waited = 0; isSameProcess(supervisor); waited += POLL_MS) {
    if (waited > DEADLINE_MS)
      throw new Error(`the mesh (pid ${supervisor.pid}) did not end within ${DEADLINE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  program.stdout.write('the mesh has ended\n');
  return 0;
}
