// Opens the certificate authority of a trust domain: its own root kept in a directory, or one that was given.
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '@meltemi/base';
import { BACKDATE_MS } from './backdate.ts';
import { IdentityError } from './identity-error.ts';
import type { Revocations } from './revocations.ts';
import type { LeafContent } from './leaf-certificate.ts';
import type { RootContent } from './signer.ts';
import { type Identity, spiffeId } from './spiffe-id.ts';
import type { Trust } from './trust.ts';

/** Files are PEM and have Istio's names. */
export interface CertificateAuthorityOptions {
  /**
   * With `ca-cert.pem`, `ca-key.pem`, `root-cert.pem` and `cert-chain.pem` there, these sign (Istio's `cacerts`);
   * else `root-cert.pem` and `ca-key.pem` are made there once.
   */
  readonly directory: string;
  readonly trustDomain: string;
  readonly clock: Clock;
  /** The longest life of a workload's certificate; 24 h by default. */
  readonly maxTtlMs?: number;
}

/** A signed certificate. Times are milliseconds since the epoch. */
export interface IssuedCertificate {
  /** PEM: the leaf, then each certificate on the way up; the last text holds the roots, all of them. */
  readonly chain: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  /** Hex. */
  readonly serialNumber: string;
}

/** Signs for one trust domain. Errors are IdentityError. */
export interface CertificateAuthority {
  readonly trustDomain: string;
  readonly maxTtlMs: number;
  /** PEM of the root certificates: what peers trust. */
  readonly roots: string;
  /** PEM certificates between a leaf and the roots, the signer first; empty when the root itself signs. */
  readonly intermediates: readonly string[];
  /** When the certificate that signs ends; milliseconds since the epoch. */
  readonly signerEnd: number;
  /** What peers are told to trust now. */
  readonly trust: Trust;
  readonly revocations: Revocations;
  /** An X.509-SVID for a workload's key. */
  issue(request: {
    readonly publicKey: KeyObject;
    readonly identity: Identity;
    readonly ttlMs: number;
    /** Beside the identity: of accounts that serve the mesh itself. */
    readonly dnsNames?: readonly string[];
  }): Promise<IssuedCertificate>;
  /** For a server of the mesh itself, with DNS names and addresses and no identity of a workload; 90 days at most. */
  issueServer(request: {
    readonly publicKey: KeyObject;
    readonly names: readonly string[];
    readonly ttlMs: number;
  }): Promise<IssuedCertificate>;
  /** The key of a PEM request whose signature is good. `BAD_CSR`, `BAD_KEY`. Names in it are not read. */
  requestedKey(csr: string): Promise<KeyObject>;
  /** Reads the directory again. What is there now holds when this resolves; what can't be read is `BAD_AUTHORITY`, and nothing changed. */
  reload(): Promise<void>;
  /** Calls when trust or revocations changed; answers what ends the watch. */
  watch(watcher: () => void): () => void;
}

const DAY_MS = 24 * 3_600_000;
const ROOT_LIFE_MS = 3652 * DAY_MS;
/** Servers of the mesh itself renew in their own process, whatever the life of workloads. */
const MAX_SERVER_TTL_MS = 90 * DAY_MS;

/** A new root for a trust domain, valid from now on for ten years. */
export function newRootContent(trustDomain: string, now: number): RootContent {
  return { organization: trustDomain, notBefore: now - BACKDATE_MS, notAfter: now + ROOT_LIFE_MS };
}

/** Makes the root at the first start; refuses (`BAD_AUTHORITY`) to start on files that do not fit together. */
export async function openCertificateAuthority(options: CertificateAuthorityOptions): Promise<CertificateAuthority> {
  const { trustDomain, clock, maxTtlMs = DAY_MS } = options;
  const [{ readAuthority, stampOf }, { signLeaf }, { requestedKey }] = await Promise.all([
    import('./authority-state.ts'),
    import('./leaf-certificate.ts'),
    import('./requested-key.ts'),
  ]);
  const { directory } = options;
  let state = await readAuthority(directory, newRootContent(trustDomain, clock.now()), clock.now());
  let stamp = '';
  const watchers = new Set<() => void>();
  const sign = async (leaf: Pick<LeafContent, 'publicKey' | 'names' | 'client'>, ttlMs: number, most: number) => {
    const { signer, intermediates } = state.material;
    const life = lifetime(clock.now(), ttlMs, most, signer.notAfter);
    const { pem, serialNumber } = signLeaf(signer, { ...leaf, ...life });
    return { chain: [pem, ...intermediates, state.trust.roots], serialNumber, ...life };
  };
  return {
    trustDomain,
    maxTtlMs,
    get roots() {
      return state.trust.roots;
    },
    get intermediates() {
      return state.material.intermediates;
    },
    get signerEnd() {
      return state.material.signer.notAfter;
    },
    get trust() {
      return state.trust;
    },
    get revocations() {
      return state.revocations;
    },
    requestedKey: async (csr) => requestedKey(csr),
    async issue({ publicKey, identity, ttlMs, dnsNames = [] }) {
      const uri = uriOf(identity, trustDomain);
      if (state.revocations.identities.includes(uri)) throw new IdentityError('BAD_IDENTITY', `${uri} is revoked`);
      const names = [{ type: 'url' as const, value: uri }, ...dnsNames.map(serverName)];
      return sign({ publicKey, names, client: true }, ttlMs, maxTtlMs);
    },
    issueServer: ({ publicKey, names, ttlMs }) =>
      sign({ publicKey, names: names.map(serverName), client: false }, ttlMs, MAX_SERVER_TTL_MS),
    async reload() {
      const seen = await stampOf(directory, clock.now());
      if (seen === stamp) return;
      const before = state.fingerprint;
      state = await readAuthority(directory, undefined, clock.now());
      stamp = seen;
      if (state.fingerprint === before) return;
      for (const watcher of watchers) watcher();
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
  };
}

/** Whole seconds, as certificates have them, and never past the signer's own end. */
function lifetime(now: number, ttlMs: number, maxTtlMs: number, signerEnd: number) {
  if (!(ttlMs >= 1000) || ttlMs > maxTtlMs) {
    throw new IdentityError('BAD_TTL', `lifetime of ${ttlMs} ms is not between 1000 and ${maxTtlMs} ms`);
  }
  if (signerEnd <= now) throw new IdentityError('BAD_AUTHORITY', 'the signing certificate has expired');
  const second = Math.floor(now / 1000) * 1000;
  return { notBefore: second - BACKDATE_MS, notAfter: Math.min(second + Math.floor(ttlMs / 1000) * 1000, signerEnd) };
}

function uriOf(identity: Identity, trustDomain: string): string {
  if (identity.trustDomain !== trustDomain) throw new IdentityError('BAD_IDENTITY', 'identity of another trust domain');
  try {
    return spiffeId(identity);
  } catch (cause) {
    throw new IdentityError('BAD_IDENTITY', 'identity cannot stand in a SPIFFE ID', { cause });
  }
}

function serverName(name: string): LeafContent['names'][number] {
  return { type: isIP(name) ? 'ip' : 'dns', value: name };
}
