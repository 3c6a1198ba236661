// The proxy that a page is asked about: connected, and the viewer's to see.
import type { DiscoveryServer } from '../discovery-server.ts';
import type { ProxyStatus } from '../proxy-status.ts';
import type { ProxyResources } from '../resources.ts';
import { seesProxy } from '../viewer.ts';
import { type Asked, refusal, type Shown } from './debug-page.ts';

export interface AskedProxy {
  readonly status: ProxyStatus;
  readonly resources: ProxyResources;
}

/** Words by which istioctl knows these answers. */
const NO_NAME = 'You must provide a proxyID in the query string\n';
const NOT_CONNECTED = 'Proxy not connected to this Pilot instance. It may be connected to another instance.\n';

/** `proxyID`: `name.namespace`, or a node id. A proxy that is not the viewer's is not there. */
export function ofProxy(
  server: Pick<DiscoveryServer, 'proxy' | 'resourcesOf'>,
  { query, viewer }: Asked,
  show: (proxy: AskedProxy) => Shown,
): Shown {
  const id = query.get('proxyID');
  if (!id) return refusal(400, NO_NAME);
  const [status, resources] = [server.proxy(id), server.resourcesOf(id)];
  if (!status || !resources || !seesProxy(viewer, status.node)) return refusal(404, NOT_CONNECTED);
  return show({ status, resources });
}
