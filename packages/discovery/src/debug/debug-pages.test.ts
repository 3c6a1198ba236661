// The pages have istiod's names for what they show: tools that read its pages read ours.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { silentLogger, systemClock } from '@meltemi/base';
import { RegistryStore } from '@meltemi/registry';
import { serveGrpc } from '@meltemi/rpc';
import { DiscoveryServer } from '../discovery-server.ts';
import { DEFAULT_MESH } from '../mesh.ts';
import { XdsClient } from '../serve/test-xds-client.ts';
import { BOOKINFO, policy, proxyNode, REVIEWS_SUBSETS, YamlStore } from '../test-world.ts';
import { OPERATOR } from '../viewer.ts';
import { DebugPages } from './debug-pages.ts';

const NODE = proxyNode('productpage-v1');
/** Of istiod 1.31: where in a page, and the keys there. */
const KEYS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  syncz: [
    [
      '0',
      'proxy proxy_type cluster_sent cluster_acked listener_sent listener_acked route_sent endpoint_sent resources',
    ],
    ['0.resources.type_googleapis_com/envoy_config_cluster_v3_Cluster', 'sent acked sentTime'],
  ],
  adsz: [
    ['', 'totalClients clients'],
    ['clients.0', 'connectionId connectedAt address metadata locality watches'],
  ],
  connections: [['clients.0', 'connectionId connectedAt address']],
  registryz: [
    ['0', 'Attributes ports hostname clusterVIPs defaultAddress Resolution MeshExternal'],
    ['0.Attributes', 'ServiceRegistry Name Namespace ExportTo LabelSelectors ExternalName'],
    ['0.ports.0', 'name port protocol'],
  ],
  endpointShardz: [
    ['reviews_default_svc_cluster_local.default', 'Shards ServiceAccounts'],
    [
      'reviews_default_svc_cluster_local.default.Shards.Kubernetes/Kubernetes.0',
      'Labels Addresses ServicePortName ServiceAccount Locality EndpointPort LbWeight TLSMode Namespace WorkloadName HealthStatus',
    ],
  ],
  configz: [['0', 'kind apiVersion metadata spec']],
  authorizationz: [
    ['authorization_policies', 'namespace_to_policies root_namespace'],
    ['authorization_policies.namespace_to_policies.default.0', 'name namespace annotations spec'],
  ],
  'config_dump?proxyID=productpage-v1.default&include_eds': [
    ['configs.1', '@type versionInfo dynamicActiveClusters'],
    ['configs.2', '@type dynamicEndpointConfigs'],
    ['configs.3.dynamicListeners.0', 'name activeState'],
    ['configs.5.dynamicRouteConfigs.0', 'versionInfo routeConfig'],
  ],
};

const closing: (() => void | Promise<void>)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

test('the keys of each page are those of istiod', async () => {
  const pages = new DebugPages({ server: await serverWithProxy(), meshConfig: () => ({}) });
  for (const [page, places] of Object.entries(KEYS)) {
    const [name, query] = page.split('?');
    const shown = pages.look(name!, { query: new URLSearchParams(query), viewer: OPERATOR });
    assert.ok(shown.kind === 'json', page);
    for (const [place, keys] of places) {
      const found: readonly string[] = Object.keys(inside(JSON.parse(JSON.stringify(shown.value)), place));
      for (const key of keys.split(' '))
        assert.ok(found.includes(key), `${page}: ${place} has ${found.join()}, and not ${key}`);
    }
  }
});

/** Dots in keys are written as `_`. */
function inside(value: unknown, place: string): object {
  let inner = value as Record<string, unknown>;
  for (const step of place === '' ? [] : place.split('.')) {
    const key = Object.keys(inner).find((candidate) => candidate.replaceAll('.', '_') === step);
    assert.ok(key !== undefined, `${place}: no ${step} among ${Object.keys(inner).join()}`);
    inner = inner[key] as Record<string, unknown>;
  }
  return inner;
}

/** One that has taken everything. */
async function serverWithProxy(): Promise<DiscoveryServer> {
  const rules = policy('AuthorizationPolicy', 'all', { rules: [{}] });
  const config = await YamlStore.open(...BOOKINFO, REVIEWS_SUBSETS, rules);
  const registry = new RegistryStore({ config, domain: 'cluster.local' });
  const options = { config, registry, mesh: DEFAULT_MESH, clock: systemClock(), logger: silentLogger };
  const server = new DiscoveryServer(options);
  const running = await serveGrpc({ address: { host: '127.0.0.1', port: 0 }, services: [server.service(undefined)] });
  const client = new XdsClient(running.port, NODE, 'sotw');
  closing.push(
    () => server.close(),
    () => running.close(0),
    () => client.abandon(),
  );
  while (!isTaken(server)) await new Promise((resolve) => setImmediate(resolve));
  return server;
}

function isTaken(server: DiscoveryServer): boolean {
  const types = server.proxy(NODE.id)?.types;
  return (['CDS', 'EDS', 'LDS', 'RDS'] as const).every((type) => types?.get(type)?.ackedNonce);
}
