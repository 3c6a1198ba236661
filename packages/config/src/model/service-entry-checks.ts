// What the schema of a ServiceEntry cannot say: ports, endpoints and the way they are found have to fit each other.
// Its rules are those of Istio's own validation.
import { CODE } from '../problem-code.ts';
import type { Finding } from '../schema.ts';

/** What is looked at of an entry. */
interface CheckedEntry {
  readonly hosts?: readonly string[];
  readonly addresses?: readonly string[];
  readonly ports?: readonly { readonly name?: string; readonly protocol?: string }[];
  readonly resolution?: string;
  readonly endpoints?: readonly { readonly ports?: Readonly<Record<string, number>> }[];
}

/** Ports on which requests or the client's hello name the host. */
const NAMING = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTPS', 'TLS']);

export function checkServiceEntry(spec: Readonly<Record<string, unknown>>): Finding[] {
  const entry = spec as CheckedEntry;
  return [...checkEndpointPorts(entry), ...checkSharedPorts(entry), ...checkResolution(entry)];
}

function checkEndpointPorts({ ports = [], endpoints = [] }: CheckedEntry): Finding[] {
  const known = new Set(ports.map(({ name }) => name));
  return endpoints.flatMap((endpoint, index) =>
    Object.keys(endpoint.ports ?? {})
      .filter((name) => !known.has(name))
      .map((name) => ({
        path: ['endpoints', index, 'ports', name],
        code: CODE.badValue,
        message: `no port of the entry is named ${JSON.stringify(name)}`,
      })),
  );
}

/** Without addresses, several hosts of one opaque port could not be told apart. */
function checkSharedPorts({ hosts = [], addresses = [], ports = [] }: CheckedEntry): Finding[] {
  if (hosts.length < 2 || addresses.length > 0) return [];
  const opaque = ports.findIndex(({ protocol = 'TCP' }) => !NAMING.has(protocol.toUpperCase()));
  if (opaque < 0) return [];
  const message = 'several hosts without addresses can only share ports of HTTP or TLS';
  return [{ path: ['ports', opaque], code: CODE.exclusive, message }];
}

function checkResolution({ resolution, endpoints = [] }: CheckedEntry): Finding[] {
  if (resolution !== 'DNS_ROUND_ROBIN' || endpoints.length < 2) return [];
  const message = 'with the resolution DNS_ROUND_ROBIN there can be one endpoint at most';
  return [{ path: ['endpoints', 1], code: CODE.exclusive, message }];
}
