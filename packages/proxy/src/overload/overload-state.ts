// What an overloaded process does without, as the hot path reads it: plain fields, written when pressure changes.

import type { LeastTimeout } from './overload-settings.ts';

export class OverloadState {
  readonly #openConnections: () => number;
  /** New connections are closed as soon as they come: one field for each action that asks for it. */
  stopsAccepting = false;
  rejectsIncoming = false;
  /** New requests are answered with 503. */
  rejectsRequests = false;
  /** Responses end their connections. */
  endsConnections = false;
  /** What is left of idle timeouts above the least: 1 all, 0 none. */
  timeoutScale = 1;
  leastIdle: LeastTimeout = { kind: 'part', part: 0 };
  /** Downstream connections that may be open at once. */
  maxConnections = Number.POSITIVE_INFINITY;

  /** `openConnections`: downstream ones that are open now. */
  constructor(openConnections: () => number = () => 0) {
    this.#openConnections = openConnections;
  }

  get rejectsConnections(): boolean {
    return this.stopsAccepting || this.rejectsIncoming;
  }

  get connections(): number {
    return this.#openConnections();
  }

  /** How long a connection may be idle now that may be so for `ms` without pressure; 0: for ever, as ever. */
  idleMs(ms: number): number {
    if (this.timeoutScale === 1 || ms === 0) return ms;
    const { leastIdle } = this;
    const least = leastIdle.kind === 'part' ? ms * leastIdle.part : Math.min(ms, leastIdle.ms);
    return Math.max(1, least + (ms - least) * this.timeoutScale);
  }

  get atConnectionLimit(): boolean {
    return this.maxConnections !== Number.POSITIVE_INFINITY && this.#openConnections() >= this.maxConnections;
  }
}
