// What a proxy tells Mixer: attributes of itself, and per route whether Mixer is asked.
import type { FilterDocument } from './documents.ts';
import type { Instance } from './instance.ts';
import type { V1Node } from './v1-node.ts';
import type { V1World } from './v1-world.ts';

/** For requests. Without Mixer there is no filter. */
export function httpMixerFilter(
  world: V1World,
  node: V1Node,
  instances: readonly Instance[],
): readonly FilterDocument[] {
  if (world.mesh.mixerAddress === '') return [];
  const hosts = [...new Set(instances.map(({ service }) => service.host))].sort();
  const us = world.release === '0.1' ? 'target' : 'destination';
  const config = {
    ...(world.release === '0.1' && { mixer_server: world.mesh.mixerAddress }),
    mixer_attributes: {
      [`${us}.ip`]: node.address,
      ...(hosts.length > 0 && { [`${us}.service`]: hosts.join(',') }),
      [`${us}.uid`]: uidOf(node),
    },
    forward_attributes: { 'source.ip': node.address, 'source.uid': uidOf(node) },
    quota_name: 'RequestCount',
  };
  return [{ type: 'decoder', name: 'mixer', config }];
}

/** For connections. 0.1 told Mixer only of requests. */
export function tcpMixerFilter(world: V1World, node: V1Node): readonly FilterDocument[] {
  if (world.mesh.mixerAddress === '' || world.release === '0.1') return [];
  const attributes = { 'destination.ip': node.address, 'destination.uid': uidOf(node) };
  return [{ type: 'both', name: 'mixer', config: { mixer_attributes: attributes } }];
}

/** `forward`: the attributes go on to the next proxy, in a header. */
export function mixerOptions(
  world: V1World,
  options: { readonly forward: boolean },
): { readonly opaque_config?: Readonly<Record<string, string>> } {
  const { mixerAddress, disablePolicyChecks } = world.mesh;
  if (mixerAddress === '') return {};
  const forward = options.forward ? 'on' : 'off';
  if (world.release === '0.1') return { opaque_config: { mixer_control: 'on', mixer_forward: forward } };
  const check = disablePolicyChecks ? 'off' : 'on';
  return { opaque_config: { mixer_check: check, mixer_forward: forward, mixer_report: 'on' } };
}

function uidOf(node: V1Node): string {
  return `kubernetes://${node.id}`;
}
