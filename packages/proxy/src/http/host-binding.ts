// The upstream host that a request's session is bound to.

export interface HostBinding {
  /** `ip:port` */
  readonly address: string;
  /** No other host will do. */
  readonly strict: boolean;
  /** Of the answer where it is strict and the host is not there. */
  readonly missingStatus: number;
}
