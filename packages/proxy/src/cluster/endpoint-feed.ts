// The endpoints of a cluster as of now, from a source that lives on across configuration updates which leave it alone.
import { type EndpointSet, NO_ENDPOINTS } from './discovery/endpoint-set.ts';
import { endpointSource } from './discovery/endpoint-source.ts';
import type { EndpointSource, EndpointSourceOptions } from './discovery/endpoint-source-options.ts';
import type { ClusterSettings } from './settings/cluster-settings.ts';

export type FeedOptions = Pick<
  EndpointSourceOptions,
  'clock' | 'dice' | 'logger' | 'xds' | 'resolve' | 'askTtl' | 'readouts'
>;

export interface FeedListener {
  /** `latest` changed; not called within the constructor. */
  onEndpoints(): void;
  onFailure(): void;
}

export class EndpointFeed {
  readonly #source: EndpointSource;
  /** Undefined until the source said something. */
  latest: EndpointSet | undefined;

  /** Throws when the source can't be used. */
  constructor(settings: ClusterSettings, options: FeedOptions, listener: FeedListener) {
    let built = false;
    this.#source = endpointSource(settings.name, settings.discovery, {
      ...options,
      onEndpoints: (endpoints) => {
        this.latest = endpoints;
        if (built) listener.onEndpoints();
      },
      onMissing: () => {
        if (this.latest) return;
        this.latest = NO_ENDPOINTS;
        if (built) listener.onEndpoints();
      },
      onFailure: () => listener.onFailure(),
    });
    built = true;
  }

  close(): void {
    this.#source.close();
  }
}
