// Istio's metadata exchange on TCP: where both ends agreed on it by ALPN, each says who it is at the head of its bytes.
import type { MetadataExchange } from '@meltemi/api/envoy/tcp/metadataexchange/config/metadata_exchange_pb';
import type { StatsStore } from '@meltemi/telemetry';
import type { Transport } from '@meltemi/wire';
import { DOWNSTREAM_PEER } from '../../istio/peer-state.ts';
import { workloadOf } from '../../istio/workload.ts';
import type { ListenerParts } from '../listener-parts.ts';
import { PeekBuffer } from '../peek-buffer.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { setState } from './connection-state.ts';
import { encodePeer, peekPeer } from './peer-exchange-message.ts';
import { type LayerTap, TransportLayer } from './transport-layer.ts';

/** The server's side: it answers the client's first bytes. */
export function peerExchange({ protocol }: MetadataExchange, parts: ListenerParts): ConnectionFilter {
  const { node } = parts.accessLogs;
  const own = encodePeer(node?.id ?? '', workloadOf(node?.metadata ?? {}));
  const stats = exchangeStats(parts.stats);
  return {
    wrap(transport) {
      if (transport.tls?.alpn !== protocol) {
        stats.protocolNotFound.increment();
        return transport;
      }
      stats.protocolFound.increment();
      return new TransportLayer(transport, (below) => new PeerTap(below, own, stats));
    },
    close: () => stats.close(),
  };
}

class PeerTap implements LayerTap {
  readonly #below: Transport;
  readonly #own: Buffer;
  readonly #stats: ExchangeStats;
  readonly #peek = new PeekBuffer();
  #said = false;
  #over = false;

  constructor(below: Transport, own: Buffer, stats: ExchangeStats) {
    this.#below = below;
    this.#own = own;
    this.#stats = stats;
  }

  received(bytes: Buffer): Buffer | undefined {
    this.#say();
    if (this.#over) return bytes;
    this.#peek.append(bytes);
    const peek = peekPeer(this.#peek.bytes);
    if (peek.kind === 'need-more') return undefined;
    this.#over = true;
    if (peek.kind === 'absent') {
      this.#stats.headerNotFound.increment();
      return this.#peek.release();
    }
    this.#stats.metadataAdded.increment();
    this.#peek.take(peek.size);
    if (peek.workload) setState(this.#below, DOWNSTREAM_PEER, peek.workload);
    return this.#peek.release();
  }

  sending(): void {}

  ended(): Buffer | undefined {
    this.#over = true;
    return this.#peek.release();
  }

  closed(): void {}

  #say(): void {
    if (this.#said) return;
    this.#said = true;
    this.#below.write(this.#own);
  }
}

type ExchangeStats = ReturnType<typeof exchangeStats>;

function exchangeStats(stats: StatsStore) {
  const scope = stats.scope('metadata_exchange');
  return {
    protocolFound: scope.counter('alpn_protocol_found'),
    protocolNotFound: scope.counter('alpn_protocol_not_found'),
    headerNotFound: scope.counter('initial_header_not_found'),
    metadataAdded: scope.counter('metadata_added'),
    close: () => scope.close(),
  };
}
