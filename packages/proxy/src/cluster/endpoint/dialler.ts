// Turns a cluster's transport rules into how to dial each host: plaintext, or TLS with the secrets of now.
import type { JsonObject } from '@bufbuild/protobuf';
import { type CertificateSnapshot, certificateSnapshot } from '../../tls/certificate-snapshot.ts';
import type { WatchSecret } from '../../tls/tls-material.ts';
import { matchTransport, type TransportRules } from '../settings/transport-settings.ts';
import { ClientTls, type NamedServer, type SecureDialling } from './client-tls.ts';

export type Dialling = (
  | { readonly kind: 'plaintext' }
  | SecureDialling
  /** Its secrets did not come yet, or nobody here speaks its transport: nothing may be sent. */
  | { readonly kind: 'not-ready' }
) & {
  /** Undefined: none is sent. */
  readonly proxyHeader?: 1 | 2;
};

const PLAINTEXT: Dialling = { kind: 'plaintext' };
const NOT_READY: Dialling = { kind: 'not-ready' };

export class Dialler {
  readonly #rules: TransportRules;
  /** By rule, and last the one where no rule matches; undefined: plaintext. */
  readonly #transports: (ClientTls | undefined)[] = [];
  #built = false;

  /** Calls `onReady` when no secret is waited for any more, and at rotations; not within: ask `ready`. Throws TlsConfigError. */
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

  /** Some endpoints are told where the client is: its connections are its own. */
  get tellsClients(): boolean {
    return [...this.#rules.rules.map((rule) => rule.transport), this.#rules.otherwise].some((each) => each.proxyHeader);
  }

  get ready(): boolean {
    return this.#transports.every((tls) => tls === undefined || tls.settled);
  }

  /** Of every transport whose secrets came. */
  certificates(): readonly CertificateSnapshot[] {
    return this.#transports.flatMap((tls) => (tls?.material ? [certificateSnapshot(tls.material)] : []));
  }

  /** `named`: what the request says of the server. */
  dial(labels: JsonObject, named?: NamedServer): Dialling {
    const place = matchTransport(this.#rules, labels);
    const { kind, proxyHeader } = place < 0 ? this.#rules.otherwise : this.#rules.rules[place]!.transport;
    if (kind === 'internal') return NOT_READY;
    const tls = this.#transports.at(place);
    const dialling = tls ? ((named ? tls.named(named) : tls.current) ?? NOT_READY) : PLAINTEXT;
    return proxyHeader ? { ...dialling, proxyHeader } : dialling;
  }

  close(): void {
    for (const tls of this.#transports) tls?.close();
  }
}
