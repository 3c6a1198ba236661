// Turns discovery settings into the source of a cluster's endpoints: fixed, by DNS, or by EDS.
import type { DiscoverySettings } from '../settings/cluster-settings.ts';
import { DnsSource } from './dns-source.ts';
import { watchEds } from './eds-source.ts';
import type { EndpointSource, EndpointSourceOptions } from './endpoint-source-options.ts';

/** Throws XdsSourceError for an EDS source that can't be used. */
export function endpointSource(
  cluster: string,
  discovery: DiscoverySettings,
  options: EndpointSourceOptions,
): EndpointSource {
  switch (discovery.kind) {
    case 'static':
      options.onEndpoints(discovery.endpoints);
      return { close: () => {} };
    case 'dns':
      return new DnsSource(cluster, discovery, options);
    case 'eds':
      return watchEds(discovery, options);
  }
}
