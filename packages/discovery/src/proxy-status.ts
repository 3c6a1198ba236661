// What is known of each connected proxy: what it was sent, what it took, what it refused.
import type { ProxyNode } from './proxy-node.ts';
import type { ServedType } from './resources.ts';

/** https://istio.io/latest/docs/ops/diagnostic-tools/proxy-cmd/: SYNCED, STALE, NOT SENT, and ERROR for what was refused. */
export type SyncState = 'NOT SENT' | 'STALE' | 'SYNCED' | 'ERROR';

export interface TypeStatus {
  readonly sentNonce: string;
  readonly sentVersion: string;
  readonly ackedNonce: string;
  readonly ackedVersion: string;
  /** Milliseconds since the epoch; 0: never. */
  readonly sentAt: number;
  /** Why the last response was refused; empty when it was not. */
  readonly error: string;
}

export const NOTHING_SENT: TypeStatus = {
  sentNonce: '',
  sentVersion: '',
  ackedNonce: '',
  ackedVersion: '',
  sentAt: 0,
  error: '',
};

export interface ProxyStatus {
  /** `name.namespace-N`, of this connection alone. */
  readonly connectionId: string;
  readonly node: ProxyNode;
  /** Where it comes from, `address:port`. */
  readonly peer: string;
  readonly variant: 'sotw' | 'delta';
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  readonly types: ReadonlyMap<ServedType, TypeStatus>;
  /** What it asked for of each type: names, or `*` for all that it is to have. */
  readonly watches: ReadonlyMap<ServedType, readonly string[]>;
}

export function syncState(of: TypeStatus): SyncState {
  if (of.sentNonce === '') return 'NOT SENT';
  if (of.error) return 'ERROR';
  return of.sentNonce === of.ackedNonce ? 'SYNCED' : 'STALE';
}
