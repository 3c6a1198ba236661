// Says whether a retry policy leaves a host out, by what is known of the host.
import type { RetryHosts } from '@meltemi/decide';
import type { UpstreamHost } from '../cluster/cluster.ts';

/** Hosts that were tried already are the cluster's to leave out. */
export function leavesOut({ canaryHosts, metadata }: RetryHosts, host: UpstreamHost): boolean {
  const labels = host.labels ?? {};
  if (canaryHosts && labels['canary'] === true) return true;
  return metadata.some((omitted) => {
    const wanted = Object.entries(omitted);
    return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
  });
}
