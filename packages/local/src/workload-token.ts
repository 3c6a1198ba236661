// Issues the tokens by which workloads of this machine prove who they are to the CA: the shape of Kubernetes' own.
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { PodIdentity } from './pod-manifest.ts';

export const TOKEN_ISSUER = 'mesh.meltemi.io';
export const TOKEN_AUDIENCE = 'istio-ca';
/** Tokens are written anew at half of their life. */
export const TOKEN_LIFETIME_MS = 24 * 3_600_000;

/** Signs tokens with a key that lives as long as this process; the public half is in `keySet`. */
export interface TokenIssuer {
  /** JSON Web Key Set (RFC 7517) with the verifying key. */
  readonly keySet: string;
  /** A token for the pod's service account, valid from `nowMs`. */
  issue(pod: PodIdentity, nowMs: number): Promise<string>;
}

/** Makes an issuer with a fresh ES256 key. */
export async function createTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const keyId = 'workloads';
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, alg: 'ES256', use: 'sig' };
  return {
    keySet: JSON.stringify({ keys: [jwk] }),
    issue: (pod, nowMs) =>
      new SignJWT({
        'kubernetes.io': {
          namespace: pod.namespace,
          pod: { name: pod.podName },
          serviceaccount: { name: pod.serviceAccount },
        },
      })
        .setProtectedHeader({ alg: 'ES256', kid: keyId })
        .setIssuer(TOKEN_ISSUER)
        .setAudience([TOKEN_AUDIENCE])
        .setSubject(`system:serviceaccount:${pod.namespace}:${pod.serviceAccount}`)
        .setIssuedAt(Math.floor(nowMs / 1000))
        .setExpirationTime(Math.floor((nowMs + TOKEN_LIFETIME_MS) / 1000))
        .sign(privateKey),
  };
}

/** Replaces a file in one step; only its owner may read it. */
export function writePrivateFile(path: string, content: string): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
}
