// What narrows each table of proxy-config; an absent field narrows nothing.

export interface ClusterFilter {
  readonly fqdn?: string | undefined;
  readonly direction?: string | undefined;
  readonly subset?: string | undefined;
  readonly port?: number | undefined;
}

export interface ListenerFilter {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  /** HTTP, TCP or HTTP+TCP. */
  readonly type?: string | undefined;
}

export interface RouteFilter {
  readonly name?: string | undefined;
}

export interface EndpointFilter {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly cluster?: string | undefined;
  /** healthy, unhealthy, degraded, draining … */
  readonly status?: string | undefined;
}
