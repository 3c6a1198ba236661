// Keeps the workload's certificate alive: key → request → certificate → store, again at half of its life.
import { generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock, Dice, Logger, Timer } from '@meltemi/base';
import { certificateRequest, type Identity, issuedByAny, spiffeId } from '@meltemi/identity';
import { retryDelay } from './retry-delay.ts';
import type { SecretStore, WorkloadSecrets } from './secret-store.ts';

export interface CertificateKeeperOptions {
  readonly identity: Identity;
  /** 0: as long as the authority gives. */
  readonly ttlMs: number;
  /** Signs: PEM request in, PEM certificates out, the leaf first, the roots last. */
  readonly createCertificate: (csr: string, ttlMs: number) => Promise<readonly string[]>;
  readonly store: SecretStore;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

/** Renewal falls between these parts of the life, so that workloads that started together do not renew together. */
const RENEW_FROM = 0.45;
const RENEW_TO = 0.55;
/** When a root is to go, everybody renews within this time, not all in one moment. */
const TAINTED_WITHIN_MS = 2000;
/** Wall time may jump (a laptop sleeps): how long to trust a timer before looking at it again. */
const LOOK_AGAIN_MS = 60_000;

const newKeyPair = promisify(generateKeyPair);

/** While the authority is away the last good certificate stays; when it expires, the log and `expired` say so. */
export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  #timer: Timer | undefined;
  #failures = 0;
  #closed = false;
  #saidExpired = false;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
  }

  /** Failures to get a certificate since the last success. */
  get failures(): number {
    return this.#failures;
  }

  get expired(): boolean {
    const { store, clock } = this.#options;
    return store.current !== undefined && store.current.notAfter <= clock.now();
  }

  /** Asks for the first certificate now; never rejects. */
  async start(): Promise<void> {
    await this.#renew();
  }

  /** Renews soon when the certificate is of one of these roots (PEM). */
  leaveRoots(roots: string): void {
    const { store, clock, dice } = this.#options;
    if (!store.current || this.#closed || !issuedByAny(store.current.certificateChain, roots)) return;
    this.#timer?.cancel();
    this.#timer = clock.after(dice.roll() * TAINTED_WITHIN_MS, () => void this.#renew());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #renew(): Promise<void> {
    const { store, clock, logger } = this.#options;
    try {
      const secrets = await this.#newSecrets();
      if (this.#closed) return;
      store.replace(secrets);
      this.#failures = 0;
      this.#saidExpired = false;
      logger.named('certificate').info(`certificate until ${new Date(secrets.notAfter).toISOString()}`);
      this.#renewAt(clock.now() + this.#renewalDelay(secrets));
    } catch (error) {
      if (!this.#closed) this.#retry(error);
    }
  }

  async #newSecrets(): Promise<WorkloadSecrets> {
    const { identity, ttlMs, createCertificate } = this.#options;
    const keys = await newKeyPair('ec', { namedCurve: 'P-256' });
    const csr = certificateRequest({ ...keys, uri: spiffeId(identity) });
    return readSecrets(await createCertificate(csr, ttlMs), keys.privateKey, spiffeId(identity));
  }

  #renewalDelay({ notAfter }: WorkloadSecrets): number {
    const { clock, dice } = this.#options;
    return (notAfter - clock.now()) * (RENEW_FROM + dice.roll() * (RENEW_TO - RENEW_FROM));
  }

  #renewAt(time: number): void {
    const { clock } = this.#options;
    const left = time - clock.now();
    this.#timer = clock.after(Math.min(left, LOOK_AGAIN_MS), () => {
      if (clock.now() >= time) void this.#renew();
      else this.#renewAt(time);
    });
  }

  #retry(error: unknown): void {
    const { clock, dice, logger } = this.#options;
    const log = logger.named('certificate');
    const delayMs = retryDelay(this.#failures++, dice);
    log.warn(`no certificate, asking again in ${Math.round(delayMs)} ms: ${reason(error)}`);
    if (this.expired && !this.#saidExpired) log.error('the certificate has expired and could not be renewed');
    this.#saidExpired = this.expired;
    this.#timer = clock.after(delayMs, () => void this.#renew());
  }
}

/** What the authority sent must be for our key and our name, or it is not taken. */
function readSecrets(chain: readonly string[], privateKey: KeyObject, uri: string): WorkloadSecrets {
  const leaf = new X509Certificate(chain[0] ?? '');
  if (chain.length < 2) throw new Error('the answer holds no root');
  if (!leaf.checkPrivateKey(privateKey)) throw new Error('the answer is for another key');
  if (leaf.subjectAltName !== `URI:${uri}`) throw new Error(`the answer is not for ${uri}`);
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    certificateChain: chain.slice(0, -1).join(''),
    roots: chain.at(-1)!,
    revocationLists: '',
    bundles: [],
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
  };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown failure';
}
