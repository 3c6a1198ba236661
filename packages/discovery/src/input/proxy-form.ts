// How the resources of one kind of proxy are chosen: lists of inputs over the same generators.
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ClusterInput } from './cluster-input.ts';
import type { ListenerInput } from './listener-input.ts';
import type { RouteInput } from './route-input.ts';

export interface ProxyForm {
  /** Those beside the outbound ones, which a namespace shares. */
  readonly clusters: (scope: ProxyScope, snapshot: Snapshot) => readonly ClusterInput[];
  /** Those that follow from the proxy alone. */
  readonly ownListeners: (scope: ProxyScope, snapshot: Snapshot) => readonly ListenerInput[];
  /** Those that others of its namespace may have alike. */
  readonly sharedListeners: (scope: ProxyScope, snapshot: Snapshot) => readonly ListenerInput[];
  readonly routes: (scope: ProxyScope, snapshot: Snapshot) => readonly RouteInput[];
}
