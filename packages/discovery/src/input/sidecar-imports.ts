// What a Sidecar lets a proxy see: the services and rules that its egress hosts cover.
// https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioEgressListener
import { type Host, hostCovers, type Labels, resolveHost, selects } from '@meltemi/base';
import type { LocatedResource, Sidecar, VirtualService } from '@meltemi/config';
import type { Service } from '@meltemi/registry';

/** `namespace/host` as a Sidecar writes it; `*` for any namespace. */
interface Import {
  readonly namespace: string;
  readonly pattern: Host;
}

export interface SidecarImports {
  service(service: Service): boolean;
  virtualService(rule: LocatedResource<VirtualService>): boolean;
}

/** The Sidecar of a proxy: the one that selects it, else its namespace's, else the root namespace's. */
export function sidecarOf(
  sidecars: readonly LocatedResource<Sidecar>[],
  {
    namespace,
    labels,
    rootNamespace,
  }: { readonly namespace: string; readonly labels: Labels; readonly rootNamespace: string },
): LocatedResource<Sidecar> | undefined {
  const own = sidecars.filter(({ metadata }) => metadata.namespace === namespace);
  return (
    own.find(({ spec }) => spec.workloadSelector && selects(spec.workloadSelector.labels, labels)) ??
    own.find(({ spec }) => !spec.workloadSelector) ??
    sidecars.find(({ metadata, spec }) => metadata.namespace === rootNamespace && !spec.workloadSelector)
  );
}

/** `.` is the proxy's namespace, `~` none. A Sidecar without egress leaves everything as it is. */
export function sidecarImports(
  sidecar: LocatedResource<Sidecar> | undefined,
  namespace: string,
  domain: string,
): SidecarImports {
  const egress = sidecar?.spec.egress ?? [];
  if (egress.length === 0) return { service: () => true, virtualService: () => true };
  const imports = egress.flatMap(({ hosts }) => hosts.flatMap((written) => parseImport(written, namespace)));
  const covers = (home: string, holds: (pattern: Host) => boolean) =>
    imports.some((each) => (each.namespace === '*' || each.namespace === home) && holds(each.pattern));
  return {
    service: ({ host, namespace: home }) => covers(home, (pattern) => hostCovers(pattern, host)),
    virtualService: ({ metadata, spec }) => {
      const hosts = spec.hosts.map((host) => resolveHost(host, metadata.namespace, domain));
      return covers(metadata.namespace, (pattern) =>
        hosts.some((host) => hostCovers(pattern, host) || hostCovers(host, pattern)),
      );
    },
  };
}

function parseImport(written: string, own: string): Import[] {
  const slash = written.indexOf('/');
  const namespace = slash < 0 ? '*' : written.slice(0, slash);
  if (namespace === '~') return [];
  return [{ namespace: namespace === '.' ? own : namespace, pattern: written.slice(slash + 1).toLowerCase() }];
}
