// A view → what rules can refer to: the hosts that exist and who sees them, the subsets, gateways and workloads.
import { type Host, hostCovers, type Labels, resolveHost, serviceHost } from '@meltemi/base';

import type { LocatedResource } from './located-resource.ts';
import type { ServiceSpec } from './model/kubernetes.ts';
import type { ServiceEntry } from './model/service-entry.ts';
import type { ConfigView } from './view.ts';
import { picked, type Workload, workloadsOf } from './workload.ts';

/** A host that a service or a ServiceEntry speaks of. `selector` picks its workloads; undefined where nothing does. */
export interface KnownHost {
  readonly host: Host;
  readonly ports: readonly number[];
  readonly namespace: string;
  readonly selector: Labels | undefined;
  /** Namespaces that see it, or `*`. */
  readonly visibleIn: readonly string[];
}

export interface World {
  readonly domain: string;
  /** All hosts that are known, wildcards of ServiceEntries among them. */
  readonly hosts: ReadonlySet<Host>;
  /** What a host means to an object of a namespace that is exported to these. */
  find(host: Host, namespace: string, exportTo?: readonly string[]): KnownHost | undefined;
  /** The names of the subsets that DestinationRules define for a host. */
  subsets(host: Host): readonly string[];
  /** The workloads behind a host; undefined where nothing picks them. */
  workloadsOf(known: KnownHost): readonly Workload[] | undefined;
  /** Full names of gateways, `namespace/name`. */
  readonly gateways: ReadonlySet<string>;
  readonly workloads: readonly Workload[];
}

export function worldOf(view: Omit<ConfigView, 'problems'>, domain: string): World {
  const known = [
    ...view.serviceEntries.flatMap(entryHosts),
    ...view.objects('Service').map((service) => knownService(service, domain)),
  ];
  const byHost = Map.groupBy(known, ({ host }) => host);
  const wildcards = known.filter(({ host }) => host.startsWith('*'));
  const rules = Map.groupBy(view.destinationRules, ({ spec, metadata }) =>
    resolveHost(spec.host, metadata.namespace, domain),
  );
  const workloads = workloadsOf(view);
  return {
    domain,
    hosts: new Set(byHost.keys()),
    find(host, namespace, exportTo = []) {
      const seenFrom = exportTo.length === 0 ? [namespace] : namespaces(exportTo, namespace);
      const named = (byHost.get(host) ?? []).findLast((one) => isVisible(one, seenFrom));
      return named ?? wildcards.find((one) => hostCovers(one.host, host) && isVisible(one, [namespace]));
    },
    subsets: (host) => (rules.get(host) ?? []).flatMap(({ spec }) => (spec.subsets ?? []).map(({ name }) => name)),
    workloadsOf: ({ selector, namespace }) => selector && picked(workloads, selector, namespace),
    gateways: new Set(view.gateways.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)),
    workloads,
  };
}

function isVisible({ visibleIn }: KnownHost, from: readonly string[]): boolean {
  return visibleIn.some((namespace) => namespace === '*' || from.includes(namespace));
}

/** The namespaces that a list of `exportTo` means: none is all. */
export function namespaces(exportTo: readonly string[], own: string): readonly string[] {
  return exportTo.length === 0 || exportTo.includes('*') ? ['*'] : exportTo.map((name) => (name === '.' ? own : name));
}

function entryHosts({ metadata, spec }: LocatedResource<ServiceEntry>): KnownHost[] {
  return spec.hosts.map((host) => ({
    host,
    ports: (spec.ports ?? []).map(({ number }) => number),
    namespace: metadata.namespace,
    selector: spec.workloadSelector?.labels,
    visibleIn: namespaces(spec.exportTo ?? [], metadata.namespace),
  }));
}

/** https://istio.io/latest/docs/reference/config/annotations/#NetworkingExportTo */
const EXPORT_TO = 'networking.istio.io/exportTo';

function knownService({ metadata, spec }: LocatedResource<ServiceSpec>, domain: string): KnownHost {
  const exportTo = metadata.annotations[EXPORT_TO]?.split(',').map((name) => name.trim());
  return {
    host: serviceHost(metadata.name, metadata.namespace, domain),
    ports: (spec.ports ?? []).map(({ port }) => port),
    namespace: metadata.namespace,
    selector: spec.selector,
    visibleIn: namespaces(exportTo ?? [], metadata.namespace),
  };
}
