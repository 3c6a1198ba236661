// The routes of an inbound chain: everything goes to the application.
import { NO_HEADER_CHANGES } from './header-changes-input.ts';
import type { RouteInput } from './route-input.ts';
import { MATCH_ALL } from './route-match-inputs.ts';

export interface InboundRoutesTarget {
  readonly cluster: string;
  /** Of the service; 0: of none. */
  readonly port: number;
  /** `host:port` of the service, or empty. */
  readonly service: string;
  /** Whether requests are tried again that a closing connection lost. */
  readonly retried: boolean;
}

export function inboundRoutes({ cluster, port, service, retried }: InboundRoutesTarget): RouteInput {
  const nothing = { requestHeaders: NO_HEADER_CHANGES, responseHeaders: NO_HEADER_CHANGES };
  const route = {
    name: 'default',
    match: MATCH_ALL,
    action: { kind: 'application', cluster, retried } as const,
    ...nothing,
    fault: undefined,
    cors: undefined,
    operation: `${service || ':0'}/*`,
    provenance: undefined,
  };
  const virtualHost = { name: `inbound|http|${port}`, domains: ['*'], routes: [route], requireTls: false };
  return { name: cluster, direction: 'inbound', ignorePort: false, virtualHosts: [virtualHost] };
}
