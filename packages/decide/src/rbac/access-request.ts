// What access rules see of a request or a connection: the smallest shape that a proxy's own objects satisfy.
import type { JsonObject } from '@bufbuild/protobuf';
import type { RequestView } from '../request-view.ts';

export interface AccessConnection {
  /** Where the client's connection came in; on a redirected connection, where it wanted to go. */
  readonly local: { readonly host: string; readonly port: number };
  /** The connection's other end. */
  readonly remote: { readonly host: string; readonly port: number };
  /** The name in the client's hello. */
  readonly serverName: string | undefined;
  /** Undefined: plaintext. Empty without a client certificate. Verified already. */
  readonly peer: PeerNames | undefined;
}

/** The names in a client's certificate. */
export interface PeerNames {
  readonly uris: readonly string[];
  readonly dns: readonly string[];
  /** As RFC 2253 writes it. */
  readonly subject: string;
}

export interface AccessRequest {
  readonly connection: AccessConnection;
  /** Undefined where bytes are carried as they are. */
  readonly request: RequestView | undefined;
  /** What an earlier filter said of the request, by the filter's name. */
  readonly metadata?: Readonly<Record<string, JsonObject>> | undefined;
  /** What an earlier filter kept, by key. */
  readonly filterState?: ReadonlyMap<string, unknown> | undefined;
}

export const NO_PEER: PeerNames = { uris: [], dns: [], subject: '' };
