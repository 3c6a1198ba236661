// `mesh status`: what runs, and what is wrong with the configuration.
import { formatProblem } from '@meltemi/base';
import { statusTable } from '@meltemi/local';
import { fetchProblems } from './control-plane-problems.ts';
import type { MeshProgram } from './mesh-program.ts';
import { painter } from './painter.ts';
import { runningMesh } from './running-mesh.ts';

/** Prints a table, or with `json` the contract of `MeshStatus` and the problems. */
export async function status(program: MeshProgram, options: { dir?: string; output?: string }): Promise<number> {
  if (options.output !== undefined && options.output !== 'json') {
    throw new Error(`unknown output format "${options.output}": only json is known`);
  }
  const { status: found, problems: own } = runningMesh(program.root, options.dir);
  const problems = [...own, ...(await fetchProblems(found.controlPlane.http))];
  if (options.output === 'json') {
    program.stdout.write(`${JSON.stringify({ ...found, problems }, null, 2)}\n`);
    return 0;
  }
  const console = found.console === '' ? '' : `Console         ${found.console}\n`;
  program.stdout.write(
    `${statusTable(found, painter(program))}\nIngress         ${found.ingress.url}\n${console}Configuration   ${found.configDirectory}\n`,
  );
  if (problems.length > 0) program.stdout.write(`\n${problems.map(formatProblem).join('\n')}\n`);
  return 0;
}
