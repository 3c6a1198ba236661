// How workloads of the sample application call its ratings, through their own sidecars.
import type { MeshUnderTest } from './mesh-under-test.ts';

/** Where the workload's sidecar takes calls of ratings. */
export async function ratingsFor(mesh: MeshUnderTest, workload: string): Promise<string> {
  const print = 'echo $RATINGS_SERVICE_HOST:$RATINGS_SERVICE_PORT';
  const { stdout } = await mesh.command('exec', '--dir', mesh.directory, workload, '--', 'sh', '-c', print);
  return `http://${stdout.trim()}/ratings/1`;
}
