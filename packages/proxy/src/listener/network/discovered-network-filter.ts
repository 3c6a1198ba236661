// A network filter whose configuration comes by itself (ECDS): the latest that was accepted admits connections.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/extension
import type { Any } from '@bufbuild/protobuf/wkt';
import type { ExtensionConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { Counter } from '@meltemi/telemetry';
import type { Transport } from '@meltemi/wire';
import type { TcpObserver } from '../../tcp/tcp-observer.ts';
import { discoverExtension } from '../../xds/discovered-extension.ts';
import type { WatchExtension } from '../../xds/extension-watch.ts';
import { type ArrivedConnection, type ConnectionFilter, denied } from './connection-filter.ts';

export interface DiscoveredNetworkFilterOptions {
  readonly name: string;
  readonly discovery: ExtensionConfigSource;
  readonly watch: WatchExtension;
  /** Throws a typed error for what can't be honoured. */
  readonly compile: (config: Any) => ConnectionFilter;
  /** A configuration came, or it is settled that there is none. */
  readonly onReady: () => void;
  /** Connections that were closed because there is none. */
  readonly missing: Counter;
}

/** A configuration, until the connections that it let in are gone. */
interface Generation {
  readonly filter: ConnectionFilter;
  admitted: number;
}

export class DiscoveredNetworkFilter implements ConnectionFilter {
  readonly #watch: { close(): void };
  readonly #missing: Counter;
  /** The last is in use; connections that end are taken to be of the first. */
  readonly #generations: Generation[] = [];
  ready = false;

  readonly observer: TcpObserver = {
    opened: (client, entry) => this.#current?.filter.observer?.opened(client, entry),
    closed: (client, entry) => this.#current?.filter.observer?.closed(client, entry),
  };

  /** Throws a typed error for a source that can't be asked, and when the default configuration can't be honoured. */
  constructor({ name, discovery, watch, compile, onReady, missing }: DiscoveredNetworkFilterOptions) {
    this.#missing = missing;
    this.#watch = discoverExtension({ kind: 'network_filter', name }, discovery, watch, {
      apply: (config) => this.#use(compile(config)),
      onReady: () => {
        this.ready = true;
        onReady();
      },
    });
  }

  admit(connection: ArrivedConnection): ReturnType<NonNullable<ConnectionFilter['admit']>> {
    const current = this.#current;
    if (!current) {
      this.#missing.increment();
      return denied('filter_config_not_found');
    }
    const answer = current.filter.admit?.(connection);
    if (answer?.kind !== 'denied') current.admitted++;
    return answer;
  }

  released(): void {
    const first = this.#generations.find(({ admitted }) => admitted > 0);
    if (!first) return;
    first.admitted--;
    first.filter.released?.();
    this.#giveUpOld();
  }

  wrap(transport: Transport): Transport {
    return this.#current?.filter.wrap?.(transport) ?? transport;
  }

  close(): void {
    this.#watch.close();
    for (const { filter } of this.#generations) filter.close();
  }

  get #current(): Generation | undefined {
    return this.#generations.at(-1);
  }

  #use(filter: ConnectionFilter): void {
    this.#generations.push({ filter, admitted: 0 });
    this.#giveUpOld();
  }

  #giveUpOld(): void {
    while (this.#generations.length > 1 && this.#generations[0]!.admitted === 0) {
      this.#generations.shift()!.filter.close();
    }
  }
}
