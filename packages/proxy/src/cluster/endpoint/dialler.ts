// Turns a cluster's transport rules into how to dial each host: plaintext, or TLS with the secrets of now.
import type { JsonObject } from '@bufbuild/protobuf';
import type { WatchSecret } from '../../tls/tls-material.ts';
import { matchTransport, type TransportRules } from '../settings/transport-settings.ts';
import { ClientTls, type SecureDialling } from './client-tls.ts';

export type Dialling =
  | { readonly kind: 'plaintext' }
  | SecureDialling
  /** Its secrets did not come yet: nothing may be sent. */
  | { readonly kind: 'not-ready' };

const PLAINTEXT: Dialling = { kind: 'plaintext' };
const NOT_READY: Dialling = { kind: 'not-ready' };

export class Dialler {
  readonly #rules: TransportRules;
  /** By rule, and last the one where no rule matches; undefined: plaintext. */
  readonly #transports: (ClientTls | undefined)[] = [];
  #built = false;

  /** Calls `onReady` when the last missing secret comes, and at rotations; not within: ask `ready`. Throws TlsConfigError. */
  constructor(rules: TransportRules, watchSecret: WatchSecret, onReady: () => void) {
    const told = () => this.#built && this.ready && onReady();
    this.#rules = rules;
    try {
      for (const transport of [...rules.rules.map((rule) => rule.transport), rules.otherwise]) {
        this.#transports.push(
          transport.kind === 'tls' ? new ClientTls(transport.context, watchSecret, told) : undefined,
        );
      }
    } catch (error) {
      this.close();
      throw error;
    }
    this.#built = true;
  }

  get ready(): boolean {
    return this.#transports.every((tls) => tls === undefined || tls.current !== undefined);
  }

  dial(labels: JsonObject): Dialling {
    const tls = this.#transports.at(matchTransport(this.#rules, labels));
    if (!tls) return PLAINTEXT;
    return tls.current ?? NOT_READY;
  }

  close(): void {
    for (const tls of this.#transports) tls?.close();
  }
}
