// Decides, response by response, which connections end while something drains: all at once, or ever more over the drain time.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/operations/draining
import type { Clock, Dice } from '@meltemi/base';

export interface DrainSettings {
  /** From the beginning to when every response closes its connection, in milliseconds. */
  readonly timeMs: number;
  /** `immediate`: every response closes its connection from the beginning on. */
  readonly strategy: 'gradual' | 'immediate';
}

/** Says whether the response that is about to go out is the last of its connection. */
export interface DrainDecision {
  closes(): boolean;
}

export class DrainSequence implements DrainDecision {
  readonly #settings: DrainSettings;
  readonly #clock: Clock;
  readonly #dice: Dice;
  #begunAt: number | undefined;

  constructor(settings: DrainSettings, clock: Clock, dice: Dice) {
    this.#settings = settings;
    this.#clock = clock;
    this.#dice = dice;
  }

  get gradual(): boolean {
    return this.#settings.strategy === 'gradual';
  }

  get begun(): boolean {
    return this.#begunAt !== undefined;
  }

  /** Beginning twice changes nothing. */
  begin(): void {
    this.#begunAt ??= this.#clock.monotonic();
  }

  /** The part of the drain time that is over is the part of the responses that close. */
  closes(): boolean {
    if (this.#begunAt === undefined) return false;
    if (this.#settings.strategy === 'immediate') return true;
    const elapsed = this.#clock.monotonic() - this.#begunAt;
    return this.#dice.roll() * this.#settings.timeMs < elapsed;
  }
}
