// Turns a decision to forward into where the request goes and what is sent, or says why it can't go.
import type { RouteDecision } from '@meltemi/decide';
import type { RequestHead } from '@meltemi/wire';
import type { Cluster } from '../cluster/cluster.ts';
import type { HttpSite } from './http-site.ts';
import { type LocalReply, UPGRADE_REFUSED } from './local-reply.ts';
import { type MirroredRequest, startMirrors } from './mirror.ts';
import { outgoingRequest } from './outgoing-request.ts';
import type { OutgoingRequest } from './routed-stream.ts';
import type { StreamEntry } from './stream-entry.ts';
import type { VirtualClusterCounts } from './virtual-cluster-stats.ts';

export interface Forwarding {
  readonly cluster: Cluster;
  readonly decision: RouteDecision;
  readonly request: OutgoingRequest;
  readonly mirrors: readonly MirroredRequest[];
  /** Of the virtual cluster that the request is of; undefined: its virtual host has none. */
  readonly counts: VirtualClusterCounts | undefined;
}

/** Changes the head's headers in place, and starts the mirrors. */
export function forwardingOf(
  decision: RouteDecision,
  head: RequestHead,
  entry: StreamEntry,
  { clusters, filters, settings, stats, virtualClusters }: HttpSite,
): Forwarding | LocalReply {
  const upgrade = switchAsked(head);
  if (upgrade !== undefined && !allowsUpgrade(decision, upgrade, settings.upgrades)) return UPGRADE_REFUSED;
  const cluster = decision.cluster === '' ? undefined : clusters.get(decision.cluster);
  if (!cluster) {
    stats.noCluster.increment();
    return { status: decision.clusterNotFoundStatus, body: '', flag: 'NC', details: 'cluster_not_found' };
  }
  const { virtualCluster, virtualHost, statPrefix } = decision.route;
  entry.virtualClusterName = virtualCluster?.(entry);
  const counted = virtualCluster !== undefined || statPrefix !== undefined;
  const counts = counted
    ? virtualClusters.countsOf({
        virtualHost,
        virtualCluster: virtualCluster && { name: entry.virtualClusterName },
        route: statPrefix,
      })
    : undefined;
  const request = outgoingRequest(head, entry, decision, filters, upgrade);
  return { cluster, decision, request, mirrors: startMirrors(decision.mirrors, clusters, request), counts };
}

/** The protocol that the client wants to switch to; `CONNECT` for the method of that name. */
function switchAsked({ method, upgrade }: RequestHead): string | undefined {
  if (upgrade?.toLowerCase() === 'h2c') return undefined;
  return upgrade ?? (method === 'CONNECT' ? method : undefined);
}

function allowsUpgrade(decision: RouteDecision, upgrade: string, ofListener: ReadonlySet<string>): boolean {
  const type = upgrade.toLowerCase();
  return decision.upgrades.get(type) ?? ofListener.has(type);
}
