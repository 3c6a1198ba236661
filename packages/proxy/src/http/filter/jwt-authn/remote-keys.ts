// The key set that an issuer publishes: fetched when a token first needs it, or in the background, and again before it is too old.
import { type Clock, type Dice, type Logger, type Timer } from '@meltemi/base';
import { Headers } from '@meltemi/wire';
import { callHttp, type HttpCallResult, type RunningCall } from '../../../call/http-call.ts';
import type { Clusters } from '../../../cluster/cluster.ts';
import { isKeySet, type KeySet, readKeySet } from './key-set.ts';

export interface RemoteKeysConfig {
  readonly cluster: string;
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
  readonly timeoutMs: number;
  readonly cacheMs: number;
  /** Undefined: fetched when a token needs it. */
  readonly background: { readonly failedRefetchMs: number; readonly fastListener: boolean } | undefined;
  readonly retries: number;
  readonly baseIntervalMs: number;
  readonly maxIntervalMs: number;
}

export interface RemoteKeysParts {
  readonly clusters: Clusters;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

/** Hears how each fetch ended. */
export type FetchListener = (succeeded: boolean) => void;

const MAX_BYTES = 1 << 20;
/** So much before keys are too old they are fetched in the background. */
const AHEAD_MS = 5000;

export class RemoteKeys {
  readonly #config: RemoteKeysConfig;
  readonly #parts: RemoteKeysParts;
  readonly #listeners = new Set<FetchListener>();
  readonly #waiting = new Set<() => void>();
  #keys: KeySet | undefined;
  #freshUntilMs = 0;
  #call: RunningCall | undefined;
  #timer: Timer | undefined;
  #fetching = false;
  #retried = 0;
  #settled = false;

  constructor(config: RemoteKeysConfig, parts: RemoteKeysParts) {
    this.#config = config;
    this.#parts = parts;
    if (config.background) this.#fetch();
  }

  /** The listener need not wait for the first fetch. */
  get ready(): boolean {
    const { background } = this.#config;
    return this.#settled || !background || background.fastListener;
  }

  /** Undefined: there are none that may be used. In the background the last good ones stay until there are others. */
  get current(): KeySet | undefined {
    return this.#config.background || this.#parts.clock.monotonic() < this.#freshUntilMs ? this.#keys : undefined;
  }

  listen(listener: FetchListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: FetchListener): void {
    this.#listeners.delete(listener);
  }

  /** Calls `done` in a later turn, once the fetch that it begins, or that runs, has ended. */
  await(done: () => void): void {
    this.#waiting.add(done);
    if (!this.#fetching) this.#fetch();
  }

  stopWaiting(done: () => void): void {
    this.#waiting.delete(done);
  }

  close(): void {
    this.#call?.cancel();
    this.#timer?.cancel();
    this.#waiting.clear();
    this.#listeners.clear();
  }

  #fetch(): void {
    this.#timer?.cancel();
    this.#fetching = true;
    const { cluster, target, authority, timeoutMs } = this.#config;
    const headers = new Headers();
    headers.set('host', authority);
    this.#call = callHttp(
      this.#parts.clusters,
      { cluster, method: 'GET', target, headers, timeoutMs, maxResponseBytes: MAX_BYTES },
      this.#parts.clock,
      (result) => this.#onResult(result),
    );
  }

  #onResult(result: HttpCallResult): void {
    const { retries, baseIntervalMs, maxIntervalMs } = this.#config;
    if (isRetriable(result) && this.#retried < retries) {
      const ceiling = Math.min(baseIntervalMs * (2 ** ++this.#retried - 1), maxIntervalMs);
      this.#timer = this.#parts.clock.after(this.#parts.dice.roll() * ceiling, () => this.#fetch());
      return;
    }
    const keys = result.kind === 'response' && result.status === 200 ? readKeySet(result.body.toString()) : undefined;
    const succeeded = keys !== undefined && isKeySet(keys);
    if (succeeded) this.#keys = keys;
    else this.#complain(result, keys && !isKeySet(keys) ? keys.message : undefined);
    this.#settle(succeeded);
  }

  #settle(succeeded: boolean): void {
    const { background, cacheMs } = this.#config;
    this.#retried = 0;
    this.#fetching = false;
    this.#settled = true;
    if (succeeded) this.#freshUntilMs = this.#parts.clock.monotonic() + cacheMs;
    if (background) {
      const goodMs = cacheMs > AHEAD_MS ? cacheMs - AHEAD_MS : cacheMs;
      const delayMs = succeeded ? goodMs : background.failedRefetchMs;
      this.#timer = this.#parts.clock.after(delayMs, () => this.#fetch());
    }
    for (const listener of this.#listeners) listener(succeeded);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const done of waiting) done();
  }

  /** What the server sent is not shown: it may be anything. */
  #complain(result: HttpCallResult, problem: string | undefined): void {
    const why = problem ?? (result.kind === 'failed' ? result.detail : `status ${result.status}`);
    const { authority, target, cluster } = this.#config;
    this.#parts.logger.warn(`jwt_authn: no keys from ${authority}${target} of cluster ${cluster}: ${why}`);
  }
}

function isRetriable(result: HttpCallResult): boolean {
  return result.kind === 'failed' ? result.reason !== 'overflow' : result.status >= 500;
}
