// The services that a namespace sees → one for each host: of a host of several namespaces the one that Istio takes.
import type { Service } from '@meltemi/registry';
import { effectiveExportTo, type ExportTo, isPublic } from './visibility.ts';

/** Who looks. */
export interface Chooser {
  readonly namespace: string;
  /** A gateway has no service of its own: the first one stands. */
  readonly gateway: boolean;
  /** Of services that say nothing themselves. */
  readonly exportTo: ExportTo;
}

/** `services`: sorted by host, and those of one host as the registry has them: Kubernetes' own first, then the older. */
export function oneServiceAHost(services: readonly Service[], chooser: Chooser): readonly Service[] {
  const doubled = services.some(({ host }, index) => host === services[index - 1]?.host);
  if (!doubled) return services;
  const byHost = Map.groupBy(services, ({ host }) => host);
  return Array.from(byHost, ([, all]) => (all.length === 1 ? all[0]! : chosen(all, chooser)));
}

/** Its own namespace's; else Kubernetes'; else what is exported to some before what is exported to all. */
function chosen(all: readonly Service[], { namespace, gateway, exportTo: otherwise }: Chooser): Service {
  const own = gateway ? undefined : all.find((each) => each.namespace === namespace);
  const [first] = all;
  if (own ?? !first!.entry) return own ?? first!;
  return all.find(({ exportTo }) => !isPublic(effectiveExportTo(exportTo, otherwise))) ?? first!;
}
