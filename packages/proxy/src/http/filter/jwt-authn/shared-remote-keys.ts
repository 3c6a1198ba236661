// Lends out the key sets that are fetched: providers with the same configuration, in whatever listener, share one.
import type { Clusters } from '../../../cluster/cluster.ts';
import { RemoteKeys, type RemoteKeysConfig, type RemoteKeysParts } from './remote-keys.ts';

interface Lent {
  readonly keys: RemoteKeys;
  holders: number;
}

/** By the clusters that they are fetched from: each proxy of a process has its own. */
const lent = new WeakMap<Clusters, Map<string, Lent>>();

/** Give it back by `releaseRemoteKeys`: the last holder ends it. */
export function borrowRemoteKeys(config: RemoteKeysConfig, parts: RemoteKeysParts): RemoteKeys {
  const name = JSON.stringify(config);
  const ofProxy = lent.get(parts.clusters) ?? new Map<string, Lent>();
  lent.set(parts.clusters, ofProxy);
  const known = ofProxy.get(name) ?? { keys: new RemoteKeys(config, parts), holders: 0 };
  known.holders += 1;
  ofProxy.set(name, known);
  return known.keys;
}

export function releaseRemoteKeys(config: RemoteKeysConfig, { clusters }: Pick<RemoteKeysParts, 'clusters'>): void {
  const name = JSON.stringify(config);
  const known = lent.get(clusters)?.get(name);
  if (!known || --known.holders > 0) return;
  lent.get(clusters)?.delete(name);
  known.keys.close();
}
