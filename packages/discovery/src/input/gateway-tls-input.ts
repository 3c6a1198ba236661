// How TLS ends at a server of a Gateway: with the mesh's certificates, with files, or with a secret by name.
import type { GatewayServer } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import { certificateOf } from './gateway-server.ts';
import type { ServerTlsInput } from './listener-input.ts';
import { meshTls } from './mesh-tls.ts';

/** Secrets of Kubernetes come from the control plane under this scheme. */
const SECRET = 'kubernetes://';

export function gatewayTlsInput({ tls }: GatewayServer, mesh: MeshSettings): ServerTlsInput {
  const mode = tls?.mode === 'MUTUAL' || tls?.mode === 'OPTIONAL_MUTUAL' ? tls.mode : 'SIMPLE';
  switch (certificateOf(tls)) {
    case 'mesh':
      return meshTls(mesh);
    case 'secret': {
      const keyPair = `${SECRET}${tls!.credentialName}`;
      return { kind: 'secrets', mode, from: 'control-plane', keyPair, roots: `${keyPair}-cacert` };
    }
    default:
      return {
        kind: 'files',
        mode,
        certificate: tls?.serverCertificate ?? '',
        privateKey: tls?.privateKey ?? '',
        caCertificates: tls?.caCertificates ?? '',
      };
  }
}

/** Empty: any. */
export function serverNames({ hosts }: GatewayServer): readonly string[] {
  const names = hosts.map((host) => host.slice(host.indexOf('/') + 1).toLowerCase());
  return names.includes('*') ? [] : names;
}
