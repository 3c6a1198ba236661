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

/**
 * `.` is the proxy's namespace; what `~` stands before is left out, whatever lets it in. A Sidecar without egress leaves
 * everything as it is.
 */
export function sidecarImports(
  sidecar: LocatedResource<Sidecar> | undefined,
  namespace: string,
  domain: string,
): SidecarImports {
  const egress = sidecar?.spec.egress ?? [];
  if (egress.length === 0) return { service: () => true, virtualService: () => true };
  const listeners = egress.map(({ hosts }) => importedHosts(hosts, namespace));
  return {
    service: ({ host, namespace: home }) =>
      listeners.some(
        ({ left, taken }) =>
          !reaches(left, home, (pattern) => hostCovers(pattern, host)) &&
          reaches(taken, home, (pattern) => hostCovers(pattern, host)),
      ),
    virtualService: ({ metadata, spec }) => {
      const home = metadata.namespace;
      const hosts = spec.hosts.map((host) => resolveHost(host, home, domain));
      return listeners.some(({ left, taken }) =>
        hosts.some(
          (host) =>
            !reaches(left, home, (pattern) => hostCovers(pattern, host)) &&
            reaches(taken, home, (pattern) => hostCovers(pattern, host) || hostCovers(host, pattern)),
        ),
      );
    },
  };
}

/** What one egress listener takes, and what it leaves out. */
interface ImportedHosts {
  readonly taken: readonly Import[];
  readonly left: readonly Import[];
}

function importedHosts(hosts: readonly string[], own: string): ImportedHosts {
  const [left, taken] = [true, false].map((out) =>
    hosts.filter((written) => written.startsWith('~') === out).map((written) => parseImport(written, own)),
  );
  return { left: left!, taken: taken! };
}

function reaches(imports: readonly Import[], home: string, holds: (pattern: Host) => boolean): boolean {
  return imports.some((each) => (each.namespace === '*' || each.namespace === home) && holds(each.pattern));
}

/** `~/host` is for any namespace. */
function parseImport(written: string, own: string): Import {
  const slash = written.indexOf('/');
  const namespace = slash < 0 ? '*' : written.slice(0, slash).replace(/^~/, '') || '*';
  return { namespace: namespace === '.' ? own : namespace, pattern: written.slice(slash + 1).toLowerCase() };
}
