// Reads MeshNetworks: which network an endpoint is in, and by which gateways others reach it.
import type { Problem } from '@meltemi/base';
import { decodeMeshNetworks, type MeshNetwork } from '@meltemi/config';

/** By name. */
export type MeshNetworks = Readonly<Record<string, MeshNetwork>>;

/** `written`: the decoded YAML. A network with a fault is said, and left out. */
export function meshNetworks(written: unknown): {
  readonly networks: MeshNetworks;
  readonly problems: readonly Problem[];
} {
  const { networks, findings } = decodeMeshNetworks(written);
  const wrong = findings.map(({ path, message, hint }) =>
    problem('error', path, hint ? `${message}; ${hint}` : message),
  );
  const unserved = Object.entries(networks).flatMap(([name, { endpoints = [] }]) =>
    endpoints.flatMap(({ fromRegistry }, index) =>
      fromRegistry === undefined
        ? []
        : [
            problem(
              'warning',
              `networks.${name}.endpoints[${index}].fromRegistry`,
              'there is one registry: endpoints are told apart by fromCidr or by their label topology.istio.io/network',
            ),
          ],
    ),
  );
  return { networks, problems: [...wrong, ...unserved] };
}

function problem(severity: Problem['severity'], path: string, message: string): Problem {
  return { severity, code: 'MEL0303', message: `mesh networks: ${path}: ${message}`, path };
}
