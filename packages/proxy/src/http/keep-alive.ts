// Decides after which response a client's connection ends.
import type { RequestHead } from '@meltemi/wire';
import type { HttpSettings } from './http-settings.ts';

/** One a connection. */
export class KeepAlive {
  readonly #maxRequests: number;
  /** Monotonic milliseconds. */
  readonly #until: number;
  #served = 0;
  #over = false;

  constructor({ maxRequestsPerConnection, timeouts }: HttpSettings, now: number) {
    const { connectionDurationMs } = timeouts;
    this.#maxRequests = maxRequestsPerConnection > 0 ? maxRequestsPerConnection : Number.POSITIVE_INFINITY;
    this.#until = connectionDurationMs > 0 ? now + connectionDurationMs : Number.POSITIVE_INFINITY;
  }

  /** The response that is on its way, or comes next, is the last. */
  get over(): boolean {
    return this.#over;
  }

  requestBegan(): void {
    this.#served++;
  }

  end(): void {
    this.#over = true;
  }

  /** Whether the connection stays after the response to this request; the answer binds. */
  staysAfter(head: RequestHead, now: number): boolean {
    const { keepAlive } = head;
    if (!keepAlive || leavesHttp(head) || this.#served >= this.#maxRequests || now >= this.#until) this.#over = true;
    return !this.#over;
  }
}

/** What the client sent behind a request to leave HTTP may be of the other protocol, also where it was answered in HTTP. */
function leavesHttp({ method, upgrade }: RequestHead): boolean {
  return method === 'CONNECT' || (upgrade !== undefined && upgrade.toLowerCase() !== 'h2c');
}
