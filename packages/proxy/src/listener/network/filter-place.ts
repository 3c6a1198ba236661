// What a filter chain tells the filters that it is made of.
import type { Counter } from '@meltemi/telemetry';

export interface FilterPlace {
  readonly chainName: string;
  /** Configuration that was missing came. */
  readonly onReady: () => void;
  readonly onConnectionClosed: () => void;
  /** Connections that were closed for want of a filter's configuration. */
  readonly configMissing: Counter;
}
