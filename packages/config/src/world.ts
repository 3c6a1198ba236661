// A view → what rules can refer to: the hosts that exist, the subsets and the labels of pods.
import { type Host, hostCovers, type Labels, resolveHost, selects, serviceHost } from '@meltemi/base';

import type { LocatedResource } from './located-resource.ts';
import type { ConfigView } from './view.ts';

export interface World {
  readonly domain: string;
  /** All hosts that are known, wildcards of ServiceEntries among them. */
  readonly hosts: ReadonlySet<Host>;
  knows(host: Host): boolean;
  /** The names of the subsets that DestinationRules define for a host. */
  subsets(host: Host): readonly string[];
  /** The labels of the pods behind a service; undefined where the host is not a service with a selector. */
  podsOf(host: Host): readonly Labels[] | undefined;
  /** Full names of gateways, `namespace/name`. */
  readonly gateways: ReadonlySet<string>;
}

export function worldOf(view: ConfigView, domain: string): World {
  const services = new Map(view.objects('Service').map((service) => [hostOfService(service, domain), service]));
  const entryHosts = view.serviceEntries.flatMap(({ spec }) => spec.hosts);
  const wildcards = entryHosts.filter((host) => host.startsWith('*'));
  const hosts = new Set([...services.keys(), ...entryHosts]);
  const rules = Map.groupBy(view.destinationRules, ({ spec, metadata }) =>
    resolveHost(spec.host, metadata.namespace, domain),
  );
  const pods = podLabels(view);
  return {
    domain,
    hosts,
    knows: (host) => hosts.has(host) || wildcards.some((wildcard) => hostCovers(wildcard, host)),
    subsets: (host) => (rules.get(host) ?? []).flatMap(({ spec }) => (spec.subsets ?? []).map(({ name }) => name)),
    podsOf(host) {
      const service = services.get(host);
      const selector = service?.spec.selector;
      if (!service || !selector) return undefined;
      const own = pods.get(service.metadata.namespace) ?? [];
      return own.filter((labels) => selects(selector, labels));
    },
    gateways: new Set(view.gateways.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)),
  };
}

/** Labels of the pods that run and of those that Deployments will start, by namespace. */
function podLabels(view: ConfigView): ReadonlyMap<string, readonly Labels[]> {
  const pods = view.objects('Pod').map(({ metadata }) => ({ namespace: metadata.namespace, labels: metadata.labels }));
  const deployed = view.objects('Deployment').map(({ metadata, spec }) => ({
    namespace: metadata.namespace,
    labels: spec.template.metadata?.labels ?? {},
  }));
  const grouped = Map.groupBy([...pods, ...deployed], ({ namespace }) => namespace);
  return new Map(Array.from(grouped, ([namespace, all]) => [namespace, all.map(({ labels }) => labels)]));
}

function hostOfService({ metadata }: LocatedResource, domain: string): Host {
  return serviceHost(metadata.name, metadata.namespace, domain);
}
