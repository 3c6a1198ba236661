// `mesh exec WORKLOAD -- COMMAND`: runs a command as the workload's application would: same environment, same sidecar.
import { spawn } from 'node:child_process';
import type { MeshProgram } from './mesh-program.ts';
import { runningMesh } from './running-mesh.ts';

/** Resolves to the command's exit code. */
export function exec(
  program: MeshProgram,
  name: string,
  command: readonly string[],
  options: { dir?: string },
): Promise<number> {
  const environment = runningMesh(program.root, options.dir).environments[name];
  if (!environment) throw new Error(`no workload "${name}"`);
  const [file, ...args] = command;
  if (file === undefined) throw new Error('nothing to run: ./mesh exec WORKLOAD -- COMMAND …');
  const child = spawn(file, args, { env: environment, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1)));
  });
}
