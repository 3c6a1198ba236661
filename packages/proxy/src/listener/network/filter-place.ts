// What a filter chain tells the filters that it is made of.

export interface FilterPlace {
  readonly chainName: string;
  /** Configuration that was missing came. */
  readonly onReady: () => void;
  readonly onConnectionClosed: () => void;
}
