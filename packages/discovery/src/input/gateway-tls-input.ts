// How TLS ends at a server of a Gateway: with the mesh's certificates, with files, or with secrets by name.
// https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings
import type { GatewayServer, ServerTls } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import { certificateOf, credentialNames } from './gateway-server.ts';
import type { KeyPairFiles, PeerCertificates, ServerTlsInput } from './listener-input.ts';
import { meshTls } from './mesh-tls.ts';
import { tlsLimits } from './tls-limits.ts';

/** Secrets of Kubernetes come from the control plane under this scheme. */
const SECRET = 'kubernetes://';

export function gatewayTlsInput({ tls = {} }: GatewayServer, mesh: MeshSettings): ServerTlsInput {
  const mode = tls.mode === 'MUTUAL' || tls.mode === 'OPTIONAL_MUTUAL' ? tls.mode : 'SIMPLE';
  const limits = tlsLimits(tls, mesh.tls.outside);
  const peers = mode === 'SIMPLE' ? undefined : peerCertificates(tls);
  const asked = { ...(Object.keys(limits).length > 0 && { limits }), ...(peers && { peers }) };
  switch (certificateOf(tls)) {
    case 'mesh':
      return meshTls(mesh);
    case 'secret': {
      const keyPairs = credentialNames(tls).map(resourceName);
      const roots = tls.caCertCredentialName ? resourceName(tls.caCertCredentialName) : `${keyPairs[0]}-cacert`;
      return { kind: 'secrets', mode, from: 'control-plane', keyPairs, roots, ...asked };
    }
    default:
      return { kind: 'files', mode, keyPairs: keyPairFiles(tls), caCertificates: tls.caCertificates ?? '', ...asked };
  }
}

function resourceName(credential: string): string {
  return credential.includes('://') ? credential : `${SECRET}${credential}`;
}

function keyPairFiles(tls: ServerTls): readonly KeyPairFiles[] {
  const all = tls.tlsCertificates && tls.tlsCertificates.length > 0 ? tls.tlsCertificates : [tls];
  return all.map(({ serverCertificate = '', privateKey = '' }) => ({ certificate: serverCertificate, privateKey }));
}

/** Undefined: whoever the roots vouch for. */
function peerCertificates(tls: ServerTls): PeerCertificates | undefined {
  const { subjectAltNames = [], verifyCertificateHash: hashes = [], verifyCertificateSpki: publicKeys = [] } = tls;
  const { caCrl: revoked = '', insecureSkipVerify: unsigned = false } = tls;
  if (subjectAltNames.length + hashes.length + publicKeys.length + revoked.length === 0 && !unsigned) return undefined;
  return { subjectAltNames, hashes, publicKeys, revoked, unsigned };
}

/** Empty: any. */
export function serverNames({ hosts }: GatewayServer): readonly string[] {
  const names = hosts.map((host) => host.slice(host.indexOf('/') + 1).toLowerCase());
  return names.includes('*') ? [] : names;
}
