// The services that a proxy sees, one for each host: those that it calls by itself, and those that rules lead to.
import type { Host } from '@meltemi/base';
import type { Service } from '@meltemi/registry';
import type { IpFamilies } from '../proxy-node.ts';
import type { Ports } from './destination-ports.ts';
import { withPortsOnly } from './destination-ports.ts';
import { withAllocated } from './service-addresses.ts';
import { type Chooser, oneServiceAHost } from './services-by-host.ts';
import type { SidecarImports } from './sidecar-imports.ts';
import { effectiveExportTo, visibleIn } from './visibility.ts';

export interface ServiceReader extends Chooser {
  readonly imports: SidecarImports;
  /** Undefined: nobody answers for names beside DNS. */
  readonly catchesDns: IpFamilies | undefined;
}

export interface VisibleServices {
  /** Sorted by host. */
  readonly services: readonly Service[];
  readonly called: readonly Service[];
}

/** `named`: the ports that rules lead to, where a Sidecar does not let all in. */
export function visibleServices(
  all: readonly Service[],
  reader: ServiceReader,
  named: ReadonlyMap<Host, Ports>,
): VisibleServices {
  const { namespace, exportTo, imports, catchesDns } = reader;
  const seen = all.filter((service) =>
    visibleIn(namespace, service.namespace, effectiveExportTo(service.exportTo, exportTo)),
  );
  const exported = catchesDns ? seen.map((service) => withAllocated(service, catchesDns)) : seen;
  const imported = exported.filter((service) => imports.service(service));
  const called = oneServiceAHost(imported, reader);
  const hosts = new Set(called.map(({ host }) => host));
  const others = exported.filter(({ host }) => named.has(host) && !hosts.has(host));
  const led = oneServiceAHost(others, reader).flatMap((service) => withPortsOnly(service, named.get(service.host)));
  return { called, services: led.length === 0 ? called : [...called, ...led].sort(byHost) };
}

function byHost(a: Service, b: Service): number {
  return a.host < b.host ? -1 : 1;
}
