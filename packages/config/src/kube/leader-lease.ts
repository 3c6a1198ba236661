// A Lease of Kubernetes → whether this process is the one that writes; of all that ask, one holds it.
// https://kubernetes.io/docs/concepts/architecture/leases/
import type { Clock, Dice, Logger, Timer } from '@meltemi/base';

import { isRecord } from '../document.ts';
import type { KubeClient } from './kube-client.ts';
import { KubeError } from './kube-error.ts';

export interface LeaderLeaseOptions {
  readonly client: Pick<KubeClient, 'request'>;
  readonly namespace: string;
  readonly name: string;
  /** Who asks: no two processes say the same. */
  readonly identity: string;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  /** Called when it is won, and when it is lost or may be. */
  readonly onChange: (leads: boolean) => void;
  /** Others take over a lease that was not renewed for so long; 15 s unless told. */
  readonly durationMs?: number;
}

interface Held {
  readonly holder: string;
  /** Changes with each renewal. */
  readonly mark: string;
  readonly durationMs: number;
  readonly object: Readonly<Record<string, unknown>>;
}

/** Clocks of machines differ: a lease is over when its object did not change for its duration by the own clock. */
export class LeaderLease {
  readonly #options: LeaderLeaseOptions;
  readonly #durationMs: number;
  readonly #abort = new AbortController();
  readonly #path: string;
  #leads = false;
  #seen = { mark: '', at: 0 };
  #timer: Timer | undefined;
  /** Runs out before others may take the lease: what can't be renewed is given up in time, even if nobody answers. */
  #term: Timer | undefined;

  constructor(options: LeaderLeaseOptions) {
    this.#options = options;
    this.#durationMs = options.durationMs ?? 15_000;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`;
    void this.#turn();
  }

  get leads(): boolean {
    return this.#leads;
  }

  /** Gives the lease back, so that another process need not wait for its end. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#term?.cancel();
    this.#abort.abort();
    if (!this.#leads) return;
    this.#set(false);
    const held = await this.#read().catch(() => undefined);
    if (held?.holder !== this.#options.identity) return;
    await this.#write('', held).catch(() => undefined);
  }

  async #turn(): Promise<void> {
    const { clock, dice, logger } = this.#options;
    try {
      await this.#ask(AbortSignal.any([this.#abort.signal, AbortSignal.timeout(this.#durationMs)]));
    } catch (error) {
      const conflict = error instanceof KubeError && error.status === 409;
      if (conflict) this.#set(false);
      else logger.warn(`lease ${this.#options.name}: ${(error as Error).message}`);
    }
    if (this.#abort.signal.aborted) return;
    this.#timer = clock.after((this.#durationMs / 5) * (0.75 + dice.roll() / 2), () => void this.#turn());
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { clock, identity } = this.#options;
    const begun = clock.monotonic();
    const held = await this.#read(signal);
    if (held && held.mark !== this.#seen.mark) this.#seen = { mark: held.mark, at: begun };
    const free = !held || held.holder === '' || held.holder === identity;
    if (!free && begun - this.#seen.at < held.durationMs) return this.#set(false);
    await this.#write(identity, held, signal);
    if (this.#abort.signal.aborted) return;
    const leftMs = this.#durationMs * TERM - (clock.monotonic() - begun);
    this.#term?.cancel();
    this.#term = clock.after(leftMs, () => this.#set(false));
    this.#set(leftMs > 0);
  }

  async #read(signal?: AbortSignal): Promise<Held | undefined> {
    const { client, name } = this.#options;
    try {
      return heldBy(await client.request({ method: 'GET', path: `${this.#path}/${name}`, ...(signal && { signal }) }));
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Refused with 409 where another process wrote in between. */
  async #write(holder: string, held: Held | undefined, signal?: AbortSignal): Promise<void> {
    const { client, name, clock } = this.#options;
    const now = new Date(clock.now()).toISOString().replace('Z', '000Z');
    const spec = {
      ...(isRecord(held?.object['spec']) && held.object['spec']),
      holderIdentity: holder,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.#durationMs / 1000)),
      renewTime: now,
      ...(held?.holder !== holder && { acquireTime: now }),
    };
    const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, ...held?.object, spec };
    const request = { body: object, ...(signal && { signal }) };
    await (held
      ? client.request({ method: 'PUT', path: `${this.#path}/${name}`, ...request })
      : client.request({ method: 'POST', path: this.#path, ...request }));
  }

  #set(leads: boolean): void {
    if (leads === this.#leads) return;
    this.#leads = leads;
    this.#options.onChange(leads);
  }
}

/** The part of the duration for which a holder acts on a renewal. */
const TERM = 2 / 3;

function heldBy(answer: unknown): Held {
  const object = isRecord(answer) ? answer : {};
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  const holder = typeof spec['holderIdentity'] === 'string' ? spec['holderIdentity'] : '';
  const seconds = typeof spec['leaseDurationSeconds'] === 'number' ? spec['leaseDurationSeconds'] : 15;
  return { holder, mark: JSON.stringify([holder, spec['renewTime']]), durationMs: seconds * 1000, object };
}
