// What rate limits see of a request, and what they note of it.
import type { JsonObject } from '@bufbuild/protobuf';
import type { FormatSource } from './format.ts';
import type { RequestView } from './request-view.ts';

/** What actions see of a request. */
export interface RateLimitView {
  readonly request: RequestView & FormatSource;
  /** The cluster of the proxy itself, and the one that the route leads to. */
  readonly sourceCluster: string;
  readonly destinationCluster: string;
  /** `filter_metadata` of the route. */
  readonly routeMetadata: Readonly<Record<string, JsonObject>>;
}

export interface RateLimitEntry {
  readonly key: string;
  readonly value: string;
}
