// Holds the stats that are texts, by their full names: the versions of configuration that were accepted last.

export class TextReadouts {
  readonly #texts = new Map<string, string>();

  set(name: string, text: string): void {
    this.#texts.set(name, text);
  }

  delete(name: string): void {
    this.#texts.delete(name);
  }

  /** Sorted by name. */
  list(): readonly (readonly [name: string, text: string])[] {
    return [...this.#texts].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
