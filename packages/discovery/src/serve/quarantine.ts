// Keeps from a receiver what it refuses, and only that: found by name in its words, else by halves, until it changes.
import type { Fragment } from '../fragment.ts';
import { isNamed } from './named-in-error.ts';

/** A resource that was part of a refused response. */
export interface Suspect {
  readonly fragment: Fragment;
  /** What the receiver has of that name, where it is known: it stays in the place of what was refused. */
  readonly accepted: Fragment | undefined;
}

/** A resource that a receiver does not take. */
export interface Refused extends Suspect {
  /** In the receiver's words. */
  readonly reason: string;
}

/** One among a thousand is found in twenty. */
const MAX_TRIES = 64;

type Available = ReadonlyMap<string, Fragment>;

export class Quarantine {
  readonly #refused = new Map<string, Refused>();
  /** Each group goes out alone; the first one next. */
  #groups: (readonly Suspect[])[] = [];
  /** Refusals in a row that named nobody. */
  #tries = 0;

  get refused(): readonly Refused[] {
    return [...this.#refused.values()];
  }

  /** True while some of those that were refused together are not told apart yet. */
  get trying(): boolean {
    return this.#groups.length > 0;
  }

  /** True while the receiver goes on with something that was replaced or is gone. */
  get keepsOld(): boolean {
    return this.#groups.length > 0 || this.refused.some(({ accepted }) => accepted !== undefined);
  }

  /** A response with these changes was refused. Who is named in the reason is known; else halves are tried. */
  refuse(suspects: readonly Suspect[], reason: string): void {
    const named = suspects.filter(({ fragment }) => isNamed(fragment.name, reason));
    const culprits = named.length > 0 ? named : suspects.length === 1 ? suspects : [];
    for (const culprit of culprits) this.#refused.set(culprit.fragment.name, { ...culprit, reason });
    if (culprits.length > 0) return;
    if (++this.#tries > MAX_TRIES) return this.#giveUp(suspects, reason);
    const half = Math.ceil(suspects.length / 2);
    this.#groups.unshift(suspects.slice(0, half), suspects.slice(half));
  }

  /** Who refuses so much refuses everything: it is not asked about each. */
  #giveUp(suspects: readonly Suspect[], reason: string): void {
    for (const suspect of [...suspects, ...this.#groups.flat()]) {
      this.#refused.set(suspect.fragment.name, { ...suspect, reason });
    }
    this.#groups = [];
  }

  /** What there is for the receiver: what it does not take, or is not to try yet, is as it was. */
  apply(available: Available): Available {
    this.#forgetChanged(available);
    const withheld = [...this.#refused.values(), ...this.#groups.slice(1).flat()];
    if (withheld.length === 0) return available;
    const left = new Map(available);
    for (const { fragment, accepted } of withheld) {
      if (accepted) left.set(fragment.name, accepted);
      else left.delete(fragment.name);
    }
    return left;
  }

  /** The first group is on its way. */
  tried(): void {
    this.#groups.shift();
    if (this.#groups.length === 0) this.#tries = 0;
  }

  /** A resource that has changed is none of those that were refused. */
  #forgetChanged(available: Available): void {
    const isStill = ({ fragment }: Suspect) => available.get(fragment.name)?.version === fragment.version;
    for (const [name, refused] of this.#refused) if (!isStill(refused)) this.#refused.delete(name);
    this.#groups = this.#groups.map((group) => group.filter(isStill)).filter((group) => group.length > 0);
  }
}
