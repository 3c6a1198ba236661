// Finds out whether a connection begins with TLS, for which server name and with which protocols.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/listener_filters/tls_inspector
import { peekClientHello } from '@meltemi/wire';
import type { StatsStore } from '@meltemi/telemetry';
import type { FilterVerdict, InspectedConnection, ListenerFilter } from './listener-filter.ts';

/** A hello that is longer is refused. */
const MAX_HELLO = 64 * 1024;

export function tlsInspector(stats: StatsStore): ListenerFilter {
  return new TlsInspector(stats);
}

class TlsInspector implements ListenerFilter {
  readonly #scope;
  readonly #counters;

  constructor(stats: StatsStore) {
    const scope = stats.scope('tls_inspector');
    this.#scope = scope;
    this.#counters = {
      tooLarge: scope.counter('client_hello_too_large'),
      tlsFound: scope.counter('tls_found'),
      tlsNotFound: scope.counter('tls_not_found'),
      alpnFound: scope.counter('alpn_found'),
      alpnNotFound: scope.counter('alpn_not_found'),
      sniFound: scope.counter('sni_found'),
      sniNotFound: scope.counter('sni_not_found'),
    };
  }

  inspect(connection: InspectedConnection, bytes: Buffer): FilterVerdict {
    const peek = bytes.length === 0 ? undefined : peekClientHello(bytes);
    switch (peek?.kind) {
      case undefined:
      case 'need-more':
        if (bytes.length <= MAX_HELLO) return 'wait';
        this.#counters.tooLarge.increment();
        return 'refuse';
      case 'not-tls':
        this.#counters.tlsNotFound.increment();
        return 'next';
      case 'hello':
        this.#note(connection, peek.sni, peek.alpn);
        return 'next';
    }
  }

  close(): void {
    this.#scope.close();
  }

  #note(connection: InspectedConnection, sni: string | undefined, alpn: readonly string[]): void {
    const { tlsFound, sniFound, sniNotFound, alpnFound, alpnNotFound } = this.#counters;
    tlsFound.increment();
    (sni === undefined ? sniNotFound : sniFound).increment();
    (alpn.length === 0 ? alpnNotFound : alpnFound).increment();
    connection.transportProtocol = 'tls';
    connection.serverName = sni ?? '';
    connection.transport.requestedServerName = sni;
    if (alpn.length > 0) connection.applicationProtocols = alpn;
  }
}
