// A listener filter whose configuration comes by itself (ECDS): the latest that was accepted looks at connections.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/extension
import type { Any } from '@bufbuild/protobuf/wkt';
import type { ExtensionConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { Counter } from '@meltemi/telemetry';
import { discoverExtension } from '../../xds/discovered-extension.ts';
import type { WatchExtension } from '../../xds/extension-watch.ts';
import type { FilterVerdict, InspectedConnection, ListenerFilter } from './listener-filter.ts';

export interface DiscoveredListenerFilterOptions {
  readonly name: string;
  readonly discovery: ExtensionConfigSource;
  readonly watch: WatchExtension;
  /** Throws a typed error for what can't be honoured. */
  readonly compile: (config: Any) => ListenerFilter;
  /** A configuration came, or it is settled that there is none. */
  readonly onReady: () => void;
  /** Connections that were closed because there is none. */
  readonly missing: Counter;
}

export class DiscoveredListenerFilter implements ListenerFilter {
  readonly #watch: { close(): void };
  readonly #missing: Counter;
  #current: ListenerFilter | undefined;
  ready = false;

  /** Throws a typed error for a source that can't be asked, and when the default configuration can't be honoured. */
  constructor({ name, discovery, watch, compile, onReady, missing }: DiscoveredListenerFilterOptions) {
    this.#missing = missing;
    this.#watch = discoverExtension({ kind: 'tcp_listener_filter', name }, discovery, watch, {
      apply: (config) => this.#use(compile(config)),
      onReady: () => {
        this.ready = true;
        onReady();
      },
    });
  }

  inspect(connection: InspectedConnection, bytes: Buffer): FilterVerdict {
    if (this.#current) return this.#current.inspect(connection, bytes);
    this.#missing.increment();
    return 'refuse';
  }

  close(): void {
    this.#watch.close();
    this.#current?.close();
  }

  #use(next: ListenerFilter): void {
    this.#current?.close();
    this.#current = next;
  }
}
