// Turns the ClusterLoadAssignment of a name, as the server sends it, into endpoints.
import type { EdsSettings } from '../settings/cluster-settings.ts';
import { endpointSet } from './endpoint-set.ts';
import type { EndpointSource, EndpointSourceOptions } from './endpoint-source-options.ts';

/** An assignment that can't be used is refused and the last good one stays. */
export function watchEds(eds: EdsSettings, options: EndpointSourceOptions): EndpointSource {
  return options.xds.forConfigSource(eds.source).watch('EDS', eds.serviceName, {
    onResource(assignment) {
      try {
        options.onEndpoints(endpointSet(assignment));
        return undefined;
      } catch (error) {
        options.onFailure();
        return { name: eds.serviceName, message: (error as Error).message };
      }
    },
    onMissing: () => options.onMissing(),
  });
}
