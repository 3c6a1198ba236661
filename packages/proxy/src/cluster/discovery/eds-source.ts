// Turns the ClusterLoadAssignment of a name, as the server sends it, into endpoints.
import type { EdsSettings } from '../settings/cluster-settings.ts';
import { endpointSet } from './endpoint-set.ts';
import type { EndpointSource, EndpointSourceOptions } from './endpoint-source-options.ts';

/** An assignment that can't be used is refused and the last good one stays. */
export function watchEds(cluster: string, eds: EdsSettings, options: EndpointSourceOptions): EndpointSource {
  const readout = `cluster.${cluster}.version_text`;
  const watch = options.xds.forConfigSource(eds.source).watch('EDS', eds.serviceName, {
    onResource(assignment, version) {
      try {
        options.onEndpoints(endpointSet(assignment));
        options.readouts?.set(readout, version);
        return undefined;
      } catch (error) {
        options.onFailure();
        options.onMissing();
        return { name: eds.serviceName, message: (error as Error).message };
      }
    },
    onMissing: () => options.onMissing(),
  });
  return {
    close() {
      watch.close();
      options.readouts?.delete(readout);
    },
  };
}
