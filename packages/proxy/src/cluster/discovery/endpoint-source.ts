// Turns discovery settings into the source of a cluster's endpoints: fixed, by DNS, by EDS, or by the connections themselves.
import type { DiscoverySettings } from '../settings/cluster-settings.ts';
import { DnsSource } from './dns-source.ts';
import { watchEds } from './eds-source.ts';
import { NO_ENDPOINTS } from './endpoint-set.ts';
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
    case 'original-dst':
      options.onEndpoints(NO_ENDPOINTS);
      return { close: () => {} };
    case 'dns':
      return new DnsSource(cluster, discovery, options);
    case 'eds':
      return watchEds(cluster, discovery, options);
  }
}
