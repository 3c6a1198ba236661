// Whether a request leaves the mesh: services outside of it are told nothing of the workloads inside.
import type { FilteredStream } from '../http/filter/http-filter.ts';

/** A service entry outside of the mesh, or a cluster that the control plane doesn't know. */
export function isExternal(stream: FilteredStream): boolean {
  const decision = stream.decision();
  if (decision.kind !== 'route') return false;
  return decision.cluster === 'PassthroughCluster' || stream.cluster()?.metadata['istio']?.['external'] === true;
}
