// Keeps the newest TLS sessions of a server, so that the next connection need not begin anew.
import type { TlsSession, TlsSessions } from '@meltemi/wire';

/** Of connections that were secured and verified alike. */
export class SessionStore implements TlsSessions {
  readonly #limit: number;
  readonly #sessions = new Map<string, TlsSession[]>();

  /** `limit`: so many for each server; 0: none is kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A session of TLS 1.3 serves once: it is taken out. */
  take(server: string): TlsSession | undefined {
    return this.#sessions.get(server)?.pop();
  }

  put(server: string, session: TlsSession): void {
    if (this.#limit === 0) return;
    const kept = this.#sessions.get(server) ?? [];
    kept.push(session);
    if (kept.length > this.#limit) kept.shift();
    this.#sessions.set(server, kept);
  }
}
