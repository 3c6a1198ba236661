// Keeps a serving certificate of a server of the mesh itself alive: made here, renewed at half of its life.
import { generateKeyPairSync } from 'node:crypto';
import type { Clock, Logger, Timer } from '@meltemi/base';
import type { CertificateAuthority } from './certificate-authority.ts';

/** PEM. */
export interface KeyPair {
  readonly key: string;
  readonly certificateChain: string;
}

export interface ServerCertificate {
  readonly current: KeyPair;
  close(): void;
}

/** `onRenewed` is called with each new pair, not with the first. */
export interface ServerCertificateOptions {
  readonly authority: Pick<CertificateAuthority, 'issueServer' | 'watch'>;
  /** DNS names and addresses. */
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Seven days by default. */
  readonly ttlMs?: number;
  readonly onRenewed?: (pair: KeyPair) => void;
}

const DEFAULT_TTL_MS = 7 * 24 * 3_600_000;
const RETRY_MS = 60_000;
/** Timers of Node hold no more than 2^31-1 ms. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** The first pair is there when this resolves. Failing to renew is logged and tried again every minute. */
export async function keepServerCertificate(options: ServerCertificateOptions): Promise<ServerCertificate> {
  const { clock } = options;
  let current = await newPair(options);
  let closed = false;
  let timer: Timer;
  const renewIn = (delayMs: number) => {
    timer = clock.after(Math.min(delayMs, MAX_WAIT_MS), () => void renew());
  };
  const renew = async () => {
    try {
      const pair = await newPair(options);
      if (closed) return;
      current = pair;
      options.onRenewed?.(pair);
      renewIn(halfLife(pair, clock));
    } catch (error) {
      options.logger.named('ca').error(`serving certificate not renewed: ${String(error)}`);
      if (!closed) renewIn(RETRY_MS);
    }
  };
  renewIn(halfLife(current, clock));
  // Another root may sign now, and the old one may soon be trusted by nobody.
  const stopWatch = options.authority.watch(() => {
    timer.cancel();
    void renew();
  });
  return {
    get current() {
      return current;
    },
    close() {
      closed = true;
      stopWatch();
      timer.cancel();
    },
  };
}

/** Not sooner than a minute, however near the authority's own end is. */
function halfLife(pair: IssuedPair, clock: Clock): number {
  return Math.max(RETRY_MS, (pair.notAfter - clock.now()) / 2);
}

interface IssuedPair extends KeyPair {
  readonly notAfter: number;
}

async function newPair({ authority, names, ttlMs = DEFAULT_TTL_MS }: ServerCertificateOptions): Promise<IssuedPair> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { chain, notAfter } = await authority.issueServer({ publicKey, names, ttlMs });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    certificateChain: chain.slice(0, -1).join(''),
    notAfter,
  };
}
