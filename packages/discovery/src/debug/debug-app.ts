// Serves readiness and what the control plane knows, as JSON.
import { Hono } from 'hono';
import type { DiscoveryServer } from '../discovery-server.ts';
import { type ProxyStatus, syncState, type TypeStatus } from '../proxy-status.ts';
import { type ProxyResources, SERVED_TYPES } from '../resources.ts';
import { configDump, resourcesJson } from './config-dump.ts';

/** `ready` says whether all ports serve; the inputs were read before the server was made. */
export function debugApp(
  server: DiscoveryServer,
  options: { readonly ready: () => boolean; readonly version: string },
) {
  const app = new Hono();
  app.get('/ready', (context) => (options.ready() ? context.text('') : context.text('not ready', 503)));
  app.get('/version', (context) => context.text(options.version));
  app.get('/debug/syncz', (context) => context.json(server.proxies().map(syncEntry)));
  app.get('/debug/adsz', (context) => context.json(adsz(server)));
  app.get('/debug/registryz', (context) => context.json(server.snapshot.registry.services));
  app.get('/debug/endpointz', (context) => context.json(endpointz(server)));
  app.get('/debug/configz', (context) => context.json(configz(server)));
  app.get('/debug/problems', (context) => context.json(server.problems()));
  app.get('/debug/push_status', (context) =>
    context.json({ version: server.snapshot.version, generated: server.generated, proxies: server.proxies().length }),
  );
  app.get('/debug/cdsz', (context) => perProxy(server, ({ CDS }) => resourcesJson(CDS), context));
  app.get('/debug/edsz', (context) => perProxy(server, ({ EDS }) => resourcesJson(EDS), context));
  app.get('/debug/config_dump', (context) => perProxy(server, configDump, context));
  return app;
}

interface AskedProxy {
  readonly req: { query(name: string): string | undefined };
  json(value: unknown, status?: 400 | 404): Response;
}

function perProxy(
  server: DiscoveryServer,
  show: (resources: ProxyResources) => unknown,
  context: AskedProxy,
): Response {
  const id = context.req.query('proxyID');
  if (!id) return context.json({ error: 'name a proxy: ?proxyID=NAME.NAMESPACE' }, 400);
  const resources = server.resourcesOf(id);
  return resources ? context.json(show(resources)) : context.json({ error: `no proxy ${id} is connected` }, 404);
}

/** As istiod's: `cluster_sent` and `cluster_acked` are nonces. */
function syncEntry({ node, types }: ProxyStatus): Record<string, unknown> {
  const entry: Record<string, unknown> = {
    proxy: `${node.workload}.${node.namespace}`,
    proxy_type: node.kind,
    cluster_id: node.clusterId,
    istio_version: node.version,
  };
  for (const [type, name] of [
    ['CDS', 'cluster'],
    ['LDS', 'listener'],
    ['RDS', 'route'],
    ['EDS', 'endpoint'],
  ] as const) {
    const of = types.get(type);
    entry[`${name}_sent`] = of?.sentNonce ?? '';
    entry[`${name}_acked`] = of?.ackedNonce ?? '';
    entry[`${name}_status`] = of ? syncState(of) : 'NOT SENT';
    if (of?.error) entry[`${name}_error`] = of.error;
  }
  return entry;
}

function adsz(server: DiscoveryServer): unknown {
  const clients = server.proxies().map(({ node, variant, connectedAt, types }) => ({
    connectionId: node.id,
    address: node.address,
    delta: variant === 'delta',
    connectedAt: new Date(connectedAt).toISOString(),
    watches: Object.fromEntries(
      SERVED_TYPES.flatMap((type): [string, TypeStatus][] => {
        const of = types.get(type);
        return of ? [[type, of]] : [];
      }),
    ),
  }));
  return { totalClients: clients.length, clients };
}

function endpointz(server: DiscoveryServer): unknown {
  const { registry } = server.snapshot;
  return registry.services.flatMap((service) =>
    service.ports.map((port) => ({
      service: `${service.host}:${port.number}`,
      endpoints: registry.instances(service.host, port.number),
    })),
  );
}

function configz(server: DiscoveryServer): unknown {
  const { config } = server.snapshot;
  const rules = [config.virtualServices, config.destinationRules, config.gateways, config.serviceEntries].flat();
  return rules.map(({ apiVersion, kind, metadata, spec, source }) => ({ apiVersion, kind, metadata, spec, source }));
}
