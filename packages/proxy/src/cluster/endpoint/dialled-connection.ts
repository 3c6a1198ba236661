// A connection that was dialled before it was known what it speaks: what who goes on with it takes over.
import type { ConnectionCounts } from './connection-counts.ts';

export interface DialledConnection {
  readonly counts: ConnectionCounts;
  /** Of the configuration that it was dialled under. */
  readonly epoch: number;
}
