// Turns a cluster's transport rules into how to dial each host: plaintext, or TLS with the secrets of now.
import type { JsonObject } from '@bufbuild/protobuf';
import type { ClientTlsOptions } from '@meltemi/wire';
import type { WatchSecret } from '../../tls/tls-material.ts';
import { matchTransport, type TransportRules, type TransportSettings } from '../settings/transport-settings.ts';
import { ClientTls } from './client-tls.ts';

export type Dialling =
  | { readonly kind: 'plaintext' }
  | { readonly kind: 'tls'; readonly options: ClientTlsOptions }
  /** Its secrets did not come yet: nothing may be sent. */
  | { readonly kind: 'not-ready' };

const PLAINTEXT: Dialling = { kind: 'plaintext' };
const NOT_READY: Dialling = { kind: 'not-ready' };

export class Dialler {
  readonly #rules: TransportRules;
  readonly #byRule: readonly (ClientTls | undefined)[];
  readonly #otherwise: ClientTls | undefined;
  /** True once the constructor is over: a secret that is here already comes within it. */
  #built = false;

  /** Calls `onReady` when the last missing secret comes, and at rotations; not within: ask `ready`. Throws TlsConfigError. */
  constructor(rules: TransportRules, watchSecret: WatchSecret, onReady: () => void) {
    this.#rules = rules;
    const tls = (transport: TransportSettings) =>
      transport.kind === 'tls'
        ? new ClientTls(transport.context, watchSecret, () => this.#built && this.ready && onReady())
        : undefined;
    this.#byRule = rules.rules.map((rule) => tls(rule.transport));
    this.#otherwise = tls(rules.otherwise);
    this.#built = true;
  }

  get ready(): boolean {
    return [...this.#byRule, this.#otherwise].every((tls) => tls === undefined || tls.current !== undefined);
  }

  dial(labels: JsonObject): Dialling {
    const rule = this.#rules.rules.length === 0 ? -1 : matchTransport(this.#rules, labels);
    const tls = rule < 0 ? this.#otherwise : this.#byRule[rule];
    if (!tls) return PLAINTEXT;
    return tls.current ? { kind: 'tls', options: tls.current } : NOT_READY;
  }

  close(): void {
    for (const tls of this.#byRule) tls?.close();
    this.#otherwise?.close();
  }
}
