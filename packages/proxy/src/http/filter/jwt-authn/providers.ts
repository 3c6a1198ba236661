// The providers of a filter, by their names and by the issuers of tokens.
import type { JwtProvider } from './jwt-provider.ts';

export class Providers {
  readonly #byName: ReadonlyMap<string, JwtProvider>;
  readonly #byIssuer = new Map<string, JwtProvider>();

  constructor(byName: ReadonlyMap<string, JwtProvider>) {
    this.#byName = byName;
    for (const provider of byName.values()) {
      const { issuer } = provider.settings;
      if (!this.#byIssuer.has(issuer)) this.#byIssuer.set(issuer, provider);
    }
  }

  get all(): readonly JwtProvider[] {
    return [...this.#byName.values()];
  }

  /** Header names that only good tokens may set: a client's own are taken away. */
  get reservedHeaders(): readonly string[] {
    const names = this.all.flatMap(({ settings: { payloadHeader, claimHeaders } }) => [
      ...(payloadHeader === '' ? [] : [payloadHeader]),
      ...claimHeaders.map(({ header }) => header),
    ]);
    return [...new Set(names)];
  }

  get(name: string): JwtProvider | undefined {
    return this.#byName.get(name);
  }

  /** Where no provider names the issuer, one that takes any. */
  ofIssuer(issuer: string): JwtProvider | undefined {
    return this.#byIssuer.get(issuer) ?? this.#byIssuer.get('');
  }

  /** Undefined: there are several. */
  get only(): JwtProvider | undefined {
    return this.#byName.size === 1 ? this.#byName.values().next().value : undefined;
  }
}
