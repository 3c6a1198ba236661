// Counts that a Redis keeps for all that ask it.
import type { Clock, Logger } from '@meltemi/base';

import { type QuotaCounters, QuotaCountersError, type QuotaLimit, type QuotaTaken } from './quota-counters.ts';
import { SCRIPTS } from './redis-scripts.ts';

/** No request waits longer for its turn. */
const TIMEOUT_MS = 1000;
const RETRY_MS = 250;
const PREFIX = 'meltemi:quota:';
/** Of a rolling window that says no bucket: what was taken comes back a 64th of the window later, never early. */
const BUCKETS = 64;

/** The part of the library's client that is called. */
interface Client {
  eval(script: string, asked: { readonly keys: string[]; readonly arguments: string[] }): Promise<unknown>;
  destroy(): void;
}

export class RedisCounters implements QuotaCounters {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #client: Promise<Client> | undefined;
  #closed = false;

  /** `url`: `redis://[user:password@]host:port[/database]`, `rediss://…`, or `host:port`. Connects at the first call. */
  constructor(url: string, clock: Clock, logger: Logger) {
    this.#url = url.includes('://') ? url : `redis://${url}`;
    this.#clock = clock;
    this.#logger = logger;
  }

  async take(key: string, limit: QuotaLimit, amount: number, bestEffort: boolean): Promise<QuotaTaken> {
    const { maxAmount, lengthMs, algorithm } = limit;
    const bucketMs = limit.bucketMs ?? Math.max(1, Math.ceil(lengthMs / BUCKETS));
    const asked = [maxAmount, lengthMs, amount, bestEffort ? 1 : 0, bucketMs].map(String);
    const script = SCRIPTS[lengthMs === 0 ? 'FIXED_WINDOW' : algorithm];
    try {
      const client = await (this.#client ??= this.#connect());
      const said = await client.eval(script, { keys: [`${PREFIX}${key}`], arguments: asked });
      const [granted, left, resetMs] = (said as readonly unknown[]).map(Number);
      return { granted: granted!, left: left!, resetMs: resetMs! };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new QuotaCountersError(`redis ${this.#host()}: ${why}`, { cause: error });
    }
  }

  close(): void {
    this.#closed = true;
    this.#client?.then(
      (client) => client.destroy(),
      () => undefined,
    );
  }

  /** Loaded by those alone that count there. Connections that break are opened again. */
  async #connect(): Promise<Client> {
    const redis = await import('@redis/client');
    const client = redis.createClient({
      url: this.#url,
      disableOfflineQueue: true,
      commandOptions: { timeout: TIMEOUT_MS },
      socket: { connectTimeout: TIMEOUT_MS, reconnectStrategy: () => (this.#closed ? false : RETRY_MS) },
    });
    client.on('error', (error: Error) => this.#logger.warn(`redis ${this.#host()}: ${error.message}`));
    // What is asked before there is a connection is refused, not kept waiting.
    await new Promise<void>((resolve) => {
      const late = this.#clock.after(TIMEOUT_MS, resolve);
      const settled = (): void => {
        late.cancel();
        resolve();
      };
      client.connect().then(settled, settled);
    });
    return client;
  }

  /** Without the password. */
  #host(): string {
    return URL.canParse(this.#url) ? new URL(this.#url).host : this.#url;
  }
}
