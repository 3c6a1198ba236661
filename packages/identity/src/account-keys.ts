// Keys and certificates for accounts that hold them in a Secret: made here, judged here when they are to be others.
import { createPrivateKey, generateKeyPair, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock, Logger } from '@meltemi/base';
import { BACKDATE_MS } from './backdate.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import type { IssuanceLog } from './issuance-log.ts';
import { issuedByAny } from './issued-by.ts';
import { spiffeId } from './spiffe-id.ts';

export interface AccountKeysOptions {
  readonly authority: Pick<CertificateAuthority, 'issue' | 'roots' | 'trust' | 'revocations' | 'trustDomain'>;
  readonly log: Pick<IssuanceLog, 'record'>;
  readonly ttlMs: number;
  /** Where the mesh's own accounts are: those have the DNS names of what they serve, too. */
  readonly meshNamespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** PEM. */
export interface AccountKeyPair {
  /** Without the roots. */
  readonly certificateChain: string;
  readonly key: string;
  readonly roots: string;
}

/** What Citadel makes; peers of that time know no other. */
const RSA_BITS = 2048;
/** Accounts of Istio's own servers, and the services that these serve. */
const SERVED: Readonly<Record<string, readonly string[]>> = {
  'istio-citadel-service-account': ['istio-citadel'],
  'istio-galley-service-account': ['istio-galley'],
  'istio-mixer-service-account': ['istio-mixer', 'istio-policy', 'istio-telemetry'],
  'istio-pilot-service-account': ['istio-pilot'],
  'istio-sidecar-injector-service-account': ['istio-sidecar-injector'],
};
/** Renewal falls between these parts of the life, at another moment for each certificate. */
const RENEW_FROM = 0.45;
const RENEW_TO = 0.55;

const newKeyPair = promisify(generateKeyPair);

/** Throws IdentityError where the account gets no certificate. */
export async function accountKeys(options: AccountKeysOptions, account: Account): Promise<AccountKeyPair> {
  const { authority, clock, log, logger, ttlMs } = options;
  const { publicKey, privateKey } = await newKeyPair('rsa', { modulusLength: RSA_BITS });
  const identity = identityOf(options, account);
  const issued = await authority.issue({ publicKey, identity, ttlMs, dnsNames: servedNames(options, account) });
  const { serialNumber, notAfter, chain } = issued;
  log.record({ serialNumber, identity: spiffeId(identity), caller: 'secret', issuedAt: clock.now(), notAfter });
  const until = new Date(notAfter).toISOString();
  logger.named('ca').info(`issued ${spiffeId(identity)} serial ${serialNumber} until ${until} to its secret`);
  return {
    certificateChain: chain.slice(0, -1).join(''),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    roots: chain.at(-1)!,
  };
}

/** Milliseconds since the epoch; 0, now: they are another's, or don't fit, or peers will not take them. */
export function accountKeysEnd(options: AccountKeysOptions, account: Account, keys: AccountKeyPair): number {
  const { authority } = options;
  if (keys.roots !== authority.roots) return 0;
  const leaf = leafOf(keys);
  const uri = `URI:${spiffeId(identityOf(options, account))}`;
  if (!leaf || (leaf.subjectAltName ?? '').split(', ')[0] !== uri) return 0;
  const serial = leaf.serialNumber.toLowerCase();
  const revoked = authority.revocations.certificates.some((one) => one.serialNumber === serial);
  const { certificateChain: chain } = keys;
  if (revoked || !issuedByAny(chain, authority.roots) || issuedByAny(chain, authority.trust.tainted)) return 0;
  const [from, to] = [leaf.validFromDate.getTime() + BACKDATE_MS, leaf.validToDate.getTime()];
  const share = Number.parseInt(serial.slice(-2), 16) / 256;
  return from + (to - from) * (RENEW_FROM + share * (RENEW_TO - RENEW_FROM));
}

function identityOf({ authority: { trustDomain } }: AccountKeysOptions, { namespace, name }: Account) {
  return { trustDomain, namespace, serviceAccount: name };
}

function servedNames({ meshNamespace }: AccountKeysOptions, { namespace, name }: Account): readonly string[] {
  if (namespace !== meshNamespace || !Object.hasOwn(SERVED, name)) return [];
  return SERVED[name]!.flatMap((service) => [`${service}.${namespace}`, `${service}.${namespace}.svc`]);
}

/** Undefined where it can't be read, or the key is not its own. */
function leafOf({ certificateChain, key }: AccountKeyPair): X509Certificate | undefined {
  try {
    const leaf = new X509Certificate(certificateChain);
    return leaf.checkPrivateKey(createPrivateKey(key)) ? leaf : undefined;
  } catch {
    return undefined;
  }
}
