// The next response on a stream: what it brings and what it takes away.
import type { Fragment } from '../fragment.ts';

export interface ResponsePlan {
  /** To send. In state-of-the-world responses of CDS and LDS: all, with those that linger. */
  readonly resources: readonly Fragment[];
  /** Of `resources`, those that are new to the receiver, or that it has in another version. */
  readonly changed: readonly Fragment[];
  /** Of `resources`, those that the receiver has in another version. */
  readonly updated: readonly Fragment[];
  /** No longer there, or never were. */
  readonly removed: readonly string[];
}
