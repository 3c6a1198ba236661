// Knows which taps are on by the name that filters wait for; at most one a name.
import type { TapSettings } from './tap-settings.ts';

export interface ActiveTap {
  readonly settings: TapSettings;
  /** One trace as JSON. */
  readonly emit: (trace: string) => void;
}

export class TapRegistry {
  readonly #active = new Map<string, ActiveTap>();
  /** How many filters wait for a name. */
  readonly #names = new Map<string, number>();

  /** A filter can be tapped by the name; the result takes that back. */
  register(name: string): () => void {
    this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
    return () => {
      const left = this.#names.get(name)! - 1;
      if (left > 0) this.#names.set(name, left);
      else this.#names.delete(name);
    };
  }

  active(name: string): ActiveTap | undefined {
    return this.#active.get(name);
  }

  /** Why a tap of the name can't begin; undefined: it can. */
  refusal(name: string): string | undefined {
    if (!this.#names.has(name)) return `Unknown config id '${name}'. No extension has registered with this id.`;
    if (this.#active.has(name)) return 'An attached /tap admin stream already exists. Detach it.';
    return undefined;
  }

  start(name: string, tap: ActiveTap): void {
    this.#active.set(name, tap);
  }

  stop(name: string): void {
    this.#active.delete(name);
  }
}
