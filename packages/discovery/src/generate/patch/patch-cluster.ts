// Cluster + patches → Cluster.
import { type Cluster, ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { PatchInput } from '../../input/envoy-filter/patch-input.ts';
import { mergedMessage } from './merge-message.ts';
import { patchedMetadata, patchValue } from './patch-value.ts';
import { patchedSocket } from './patch-socket.ts';

/** `patches`: merges, all of which are for this cluster. */
export function patchedCluster(cluster: Cluster, patches: readonly PatchInput[]): Cluster {
  const patched = patches.reduce(merged, cluster);
  const metadata = patchedMetadata(patched.metadata, new Set(patches));
  return { ...patched, ...(metadata && { metadata }) };
}

function merged(cluster: Cluster, patch: PatchInput): Cluster {
  const { transportSocket, ...others } = patchValue(patch, ClusterSchema);
  const lists = patch.operation === 'MERGE_AND_REPLACE_LIST' ? 'replace' : 'append';
  const result = mergedMessage(ClusterSchema, cluster, others, lists);
  if (!transportSocket) return result;
  if (result.transportSocketMatches.length === 0)
    return { ...result, transportSocket: patchedSocket(result.transportSocket, transportSocket) };
  // Where endpoints choose their socket, the patch changes the one of its kind, and none where there is none.
  const at = result.transportSocketMatches.findIndex((match) => match.transportSocket?.name === transportSocket.name);
  const transportSocketMatches = result.transportSocketMatches.map((match, index) =>
    index === at ? { ...match, transportSocket: patchedSocket(match.transportSocket, transportSocket) } : match,
  );
  return { ...result, transportSocketMatches };
}
