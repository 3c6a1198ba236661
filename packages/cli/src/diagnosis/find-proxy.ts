// The name of a workload, pod or service → its proxy in the mesh that runs here.
import { dirname, join, resolve } from 'node:path';
import { didYouMean } from '@meltemi/base';
import { type MeshState, type MeshStatus, readMeshState } from '@meltemi/local';
import { CommandError, EXIT } from '../terminal.ts';

export interface FoundProxy {
  readonly workload: string;
  readonly pod: string;
  readonly namespace: string;
  readonly service: string;
  /** `host:port` of its admin pages. */
  readonly admin: string;
}

/** The mesh of a directory of configuration: its state is below it, or beside it in the checkout's own. */
export function meshOf(configDir: string): MeshState {
  const directory = resolve(configDir);
  for (const file of [join(directory, '.mesh/mesh.json'), join(dirname(directory), 'mesh.json')]) {
    const state = readMeshState(file);
    if (state && resolve(state.status.configDirectory) === directory) return state;
  }
  throw new CommandError(
    `no mesh runs on ${directory}: start one with ./mesh up, name its directory by --configDir, or an address by a flag`,
  );
}

/** As kubectl's: `[pod/|deploy/…]NAME[.NAMESPACE]`. Throws CommandError. */
export function findProxy(status: MeshStatus, name: string, namespace: string): FoundProxy {
  const bare = name.slice(name.indexOf('/') + 1);
  const proxies = proxiesOf(status);
  const fits = (proxy: FoundProxy, word: string) => [proxy.pod, proxy.workload, proxy.service].includes(word);
  const found = [
    proxies.filter((proxy) => fits(proxy, bare) && proxy.namespace === namespace),
    proxies.filter((proxy) => proxy.pod === bare || proxy.workload === bare),
    proxies.filter((proxy) => bare.endsWith(`.${proxy.namespace}`) && fits(proxy, withoutEnd(bare, proxy.namespace))),
  ].find(({ length }) => length > 0);
  if (!found) throw new CommandError(notFound(bare, proxies), EXIT.failed);
  // A service of several workloads is not one proxy.
  if (found.length > 1)
    throw new CommandError(`"${name}" is ${found.map(({ workload }) => workload).join(', ')}: name one`);
  return found[0]!;
}

export function proxiesOf({ workloads, ingress }: MeshStatus): readonly FoundProxy[] {
  const sidecars = workloads.map(({ name, pod, namespace, service, sidecar }) => {
    return { workload: name, pod, namespace, service, admin: sidecar.admin };
  });
  const gateway = 'istio-ingressgateway';
  return [
    ...sidecars,
    { workload: gateway, pod: gateway, namespace: 'istio-system', service: '', admin: ingress.admin },
  ];
}

const withoutEnd = (name: string, namespace: string): string => name.slice(0, -namespace.length - 1);

function notFound(name: string, proxies: readonly FoundProxy[]): string {
  const names = proxies.map(({ workload }) => workload);
  const near = didYouMean(name, names);
  return `no proxy "${name}" in this mesh${near ? ` (did you mean "${near}"?)` : `; there are ${names.join(', ')}`}`;
}
