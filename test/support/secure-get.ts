// What somebody who dials a sidecar's inbound listener himself gets, with whatever certificate.
import { generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:tls';
import type { CertificateAuthority } from '@meltemi/identity';

export interface Pair {
  readonly key: string;
  readonly cert: string;
}

const PATH = '/details/0';
const HOUR_MS = 3_600_000;

/** The first bytes of the answer, or `refused: …`. */
export function secureGet(address: string, pair: Partial<Pair>, headers: readonly string[] = []): Promise<string> {
  const [host, port] = address.split(':');
  const head = [`GET ${PATH} HTTP/1.1`, 'host: details', 'connection: close', ...headers, '', ''].join('\r\n');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ...pair }, () => socket.write(head));
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('latin1'));
    });
    socket.once('error', (error) => resolve(`refused: ${error.message}`));
    socket.once('close', () => resolve('refused: closed'));
  });
}

/** A certificate as the authority gives it to a workload of `default`. */
export async function pairOf(
  authority: CertificateAuthority,
  serviceAccount: string,
  ttlMs = HOUR_MS,
): Promise<Pair & { readonly serialNumber: string }> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identity = { trustDomain: authority.trustDomain, namespace: 'default', serviceAccount };
  const { chain, serialNumber } = await authority.issue({ publicKey, identity, ttlMs });
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: chain[0]!, serialNumber };
}
