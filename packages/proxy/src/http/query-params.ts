// Reads the query of a path into parameters and writes them back, as Envoy's filters do: sorted by name, with `=`.

export class QueryParams {
  readonly #path: string;
  readonly #values = new Map<string, string[]>();

  /** `decode`: names and values are percent-decoded. */
  constructor(path: string, decode: boolean) {
    const start = path.indexOf('?');
    this.#path = start < 0 ? path : path.slice(0, start);
    if (start < 0) return;
    for (const pair of path.slice(start + 1).split('&')) {
      if (pair !== '') this.#read(pair, decode);
    }
  }

  /** The first value. */
  get(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  set(name: string, value: string): void {
    this.#values.set(name, [value]);
  }

  remove(name: string): void {
    this.#values.delete(name);
  }

  /** The path with the parameters as they are now. */
  write(): string {
    const pairs = [...this.#values]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
    return pairs.length === 0 ? this.#path : `${this.#path}?${pairs.join('&')}`;
  }

  #read(pair: string, decode: boolean): void {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const value = equals < 0 ? '' : pair.slice(equals + 1);
    const key = decode ? percentDecoded(name) : name;
    const known = this.#values.get(key);
    const read = decode ? percentDecoded(value) : value;
    if (known) known.push(read);
    else this.#values.set(key, [read]);
  }
}

/** Latin1, as paths are. What is no escape stays. */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
