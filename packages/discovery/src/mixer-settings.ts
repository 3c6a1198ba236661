// What a MeshConfig says of Mixer → whether, where and how sidecars ask it.
import { parseSocketAddress, type SocketAddress } from '@meltemi/base';
import type { MeshConfig } from '@meltemi/config';

export interface MixerSettings {
  /** The host may be a name. */
  readonly address: SocketAddress;
  /** Who applies the rules to requests: Mixer, or each sidecar itself, which then asks for quotas alone. */
  readonly checks: 'mixer' | 'sidecar' | 'nobody';
  readonly reports: boolean;
  /** Requests go on when Mixer can't be asked. */
  readonly failOpen: boolean;
}

/** Undefined: no address is said, or none that can be read. `defaults`: what holds where the mesh says nothing. */
export function mixerSettings(config: MeshConfig, defaults: MixerSettings | undefined): MixerSettings | undefined {
  const written = config.mixerCheckServer || config.mixerAddress;
  const address = written ? parseSocketAddress(written) : defaults?.address;
  if (!address) return undefined;
  return {
    address,
    checks: config.disablePolicyChecks === true ? 'nobody' : (defaults?.checks ?? 'mixer'),
    reports:
      config.disableMixerHttpReports === undefined ? (defaults?.reports ?? true) : !config.disableMixerHttpReports,
    failOpen: config.policyCheckFailOpen ?? defaults?.failOpen ?? false,
  };
}
