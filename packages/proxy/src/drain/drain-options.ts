// What `/drain_listeners` asks for.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin#post--drain_listeners

export interface DrainOptions {
  /** Connections are told to close over the drain time, and only then listeners stop; else they stop at once. */
  readonly graceful: boolean;
  /** Only listeners whose traffic direction is inbound. */
  readonly inboundOnly: boolean;
  /** Connections drain as in a graceful drain, and the listeners never stop. */
  readonly skipExit: boolean;
}
