// MeshNetworks: networks whose endpoints reach each other, and the gateways by which others reach them.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshNetworks
import { decodeValue } from '../decode-value.ts';
import { formatPath } from '../field-path.ts';
import { list, mapOf, message, portNumber, text } from '../schema.ts';
import { nonEmpty } from '../text-check.ts';
import type { MeshConfigFinding } from './mesh-config.ts';

export interface MeshNetwork {
  readonly endpoints?: readonly { readonly fromCidr?: string; readonly fromRegistry?: string }[];
  readonly gateways?: readonly MeshNetworkGateway[];
}

/** By its address, or by a service whose endpoints it is. */
export interface MeshNetworkGateway {
  readonly address?: string;
  readonly registryServiceName?: string;
  readonly port: number;
  readonly locality?: string;
}

const network = message({
  endpoints: list(message({ fromCidr: nonEmpty, fromRegistry: nonEmpty }, { oneOf: [['fromCidr', 'fromRegistry']] })),
  gateways: list(
    message(
      { address: nonEmpty, registryServiceName: nonEmpty, port: portNumber, locality: text() },
      { required: ['port'], oneOf: [['address', 'registryServiceName']] },
    ),
  ),
});

/** A network with a fault is left out. */
export function decodeMeshNetworks(written: unknown): {
  readonly networks: Readonly<Record<string, MeshNetwork>>;
  readonly findings: readonly MeshConfigFinding[];
} {
  const { value, findings } = decodeValue(message({ networks: mapOf(network) }), written ?? {}, []);
  const { networks = {} } = value as { readonly networks?: Readonly<Record<string, MeshNetwork>> };
  const wrong = new Set(findings.map(({ path }) => path[1]));
  return {
    networks: Object.fromEntries(Object.entries(networks).filter(([name]) => !wrong.has(name))),
    findings: findings.map(({ path, message: said, hint }) => ({
      path: formatPath(path),
      message: said,
      ...(hint && { hint }),
    })),
  };
}
