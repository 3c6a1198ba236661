// What drains connections of the whole process: a graceful drain of all or of inbound listeners, and failed health checks.
import type { Clock, Dice } from '@meltemi/base';
import { type DrainDecision, DrainSequence, type DrainSettings } from './drain-sequence.ts';

export class ProcessDrain {
  readonly settings: DrainSettings;
  readonly #all: DrainSequence;
  readonly #inbound: DrainSequence;
  /** `/healthcheck/fail`: every response closes its connection, so that clients look for another place. */
  healthFailed = false;

  constructor(settings: DrainSettings, clock: Clock, dice: Dice) {
    this.settings = settings;
    this.#all = new DrainSequence(settings, clock, dice);
    this.#inbound = new DrainSequence(settings, clock, dice);
  }

  begin(inboundOnly: boolean): void {
    (inboundOnly ? this.#inbound : this.#all).begin();
  }

  get begun(): boolean {
    return this.#all.begun || this.#inbound.begun;
  }

  /** For a listener of that direction. */
  decision(inbound: boolean): DrainDecision {
    return { closes: () => this.healthFailed || this.#all.closes() || (inbound && this.#inbound.closes()) };
  }
}
