// `mesh logs WORKLOAD`: what the application and its sidecar wrote.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '@meltemi/base';
import { followLogs, type MeshState } from '@meltemi/local';
import type { MeshProgram } from './mesh-program.ts';
import { runningMesh } from './running-mesh.ts';

export interface LogsOptions {
  readonly dir?: string;
  readonly follow?: boolean;
  /** `app` or `proxy`: only this one, without a prefix. */
  readonly container?: string;
}

export async function logs(program: MeshProgram, name: string, options: LogsOptions): Promise<number> {
  const state = runningMesh(program.root, options.dir);
  const sources = sourcesOf(state, name, options.container);
  const abort = new AbortController();
  program.onSignal(() => abort.abort());
  await followLogs(sources, (text) => void program.stdout.write(text), options.follow ? abort.signal : undefined);
  return 0;
}

function sourcesOf(state: MeshState, name: string, container: string | undefined) {
  const directory = join(state.status.stateDirectory, 'logs');
  if (name === 'pilot-discovery' || name === 'mesh') return [{ path: join(directory, `${name}.log`), prefix: '' }];
  const file = fileName(state, name);
  const parts = container === undefined ? ['app', 'proxy'] : [container];
  const sources = parts.map((part) => ({
    path: join(directory, `${file}.${part}.log`),
    prefix: container === undefined ? `${part.padEnd(5)} | ` : '',
  }));
  const present = sources.filter((source) => existsSync(source.path));
  if (present.length === 0)
    throw new Error(`workload "${name}" has no container "${container ?? ''}": app and proxy are known`);
  return present;
}

/** The workload by its name, its pod's name, or NAME.NAMESPACE. */
function fileName(state: MeshState, name: string): string {
  if (name === 'istio-ingressgateway') return 'istio-ingressgateway.istio-system';
  const { workloads } = state.status;
  const found = workloads.find((workload) =>
    [workload.name, workload.pod, `${workload.name}.${workload.namespace}`].includes(name),
  );
  if (found) return found.namespace === 'default' ? found.name : `${found.name}.${found.namespace}`;
  const names = [...workloads.map((workload) => workload.name), 'istio-ingressgateway', 'pilot-discovery', 'mesh'];
  const meant = didYouMean(name, names);
  throw new Error(`no workload "${name}"${meant ? `: did you mean "${meant}"?` : `; there are ${names.join(', ')}`}`);
}
