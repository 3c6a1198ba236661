// Clusters + the patches that hold for a proxy → the clusters that are left, each with its patches, and those that are added.
import type { ClusterPatchMatch, PatchContext } from '@meltemi/config';
import type { ClusterInput } from '../cluster-input.ts';
import { INBOUND_PASSTHROUGH_CLUSTER } from '../cluster-name.ts';
import { addedTo, type EnvoyPatch } from './envoy-patch.ts';
import type { AddedInput } from './patch-input.ts';

export interface ClusterPatching {
  readonly patches: readonly EnvoyPatch[];
  readonly kind: 'sidecar' | 'router';
}

export function patchedClusters(inputs: readonly ClusterInput[], patching: ClusterPatching): readonly ClusterInput[] {
  const patches = patching.patches.filter(({ input }) => input.applyTo === 'CLUSTER');
  if (patches.length === 0) return inputs;
  return inputs.flatMap((input) => {
    const own = patches
      .filter(({ context, cluster }) => isIn(context, input, patching) && matches(cluster, input))
      .map((patch) => patch.input);
    if (own.some(({ operation }) => operation === 'REMOVE')) return [];
    const merged = own.filter(({ operation }) => operation.startsWith('MERGE'));
    return [merged.length > 0 ? { ...input, patches: merged } : input];
  });
}

/** Not patched any further. */
export function addedClusters({ patches, kind }: ClusterPatching): readonly AddedInput[] {
  return addedTo(patches, 'CLUSTER', kind === 'router' ? ['GATEWAY'] : ['SIDECAR_INBOUND', 'SIDECAR_OUTBOUND']);
}

function isIn(context: PatchContext, input: ClusterInput, { kind }: ClusterPatching): boolean {
  if (context === 'ANY') return true;
  if (kind === 'router') return context === 'GATEWAY';
  const inbound = input.kind === 'inbound' || input.name === INBOUND_PASSTHROUGH_CLUSTER;
  return context === (inbound ? 'SIDECAR_INBOUND' : 'SIDECAR_OUTBOUND');
}

function matches(match: ClusterPatchMatch | undefined, input: ClusterInput): boolean {
  if (!match) return true;
  if (match.name) return match.name === input.name;
  const [, number = '', subset = '', host = ''] = input.name.includes('|') ? input.name.split('|') : [];
  const hosts = input.kind === 'inbound' ? input.services.map((service) => service.host) : [host];
  return (
    (!match.subset || match.subset === subset) &&
    (!match.service || hosts.includes(match.service)) &&
    (!match.portNumber || match.portNumber === Number(number))
  );
}
