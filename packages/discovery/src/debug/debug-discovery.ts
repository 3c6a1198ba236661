// The debug pages over xDS, as istioctl asks for them: by the types `istio.io/debug` and `istio.io/debug/…`.
import { create } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { packAny } from '@meltemi/api';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { DiscoveryServer } from '../discovery-server.ts';
import type { ProxyStatus } from '../proxy-status.ts';
import { DEBUG_TYPE, type DebugSource, type NamedAny } from '../serve/debug-stream.ts';
import { StreamRefusal } from '../serve/stream-refusal.ts';
import { seesProxy, type Viewer } from '../viewer.ts';
import { clientConfig } from './client-config.ts';
import { configDumpAnys } from './config-dump.ts';
import type { DebugPages } from './debug-pages.ts';

export interface DebugDiscoveryOptions {
  readonly server: DiscoveryServer;
  readonly pages: DebugPages;
  /** This process among its equals: the name of its pod. */
  readonly id: string;
  readonly version: string;
}

export function debugDiscovery({ server, pages, id, version }: DebugDiscoveryOptions): DebugSource {
  const proxies = (viewer: Viewer) => server.proxies().filter(({ node }) => seesProxy(viewer, node));
  return {
    controlPlane: JSON.stringify({ Component: 'pilot-discovery', ID: id, Info: { version } }),
    answer(typeUrl, names, viewer) {
      if (typeUrl === DEBUG_TYPE) return [page(pages, onlyName(names), viewer)];
      if (typeUrl === 'istio.io/connections') return proxies(viewer).map(connectedNode);
      if (typeUrl === `${DEBUG_TYPE}/syncz`) {
        return proxies(viewer).map((proxy) => ({ name: proxyName(proxy), any: clientConfig(proxy) }));
      }
      if (typeUrl === `${DEBUG_TYPE}/config_dump`) return configDump(server, onlyName(names), viewer);
      throw new StreamRefusal(status.INVALID_ARGUMENT, `there is no type ${typeUrl}`);
    },
  };
}

function onlyName(names: readonly string[]): string {
  if (names.length !== 1) throw new StreamRefusal(status.INVALID_ARGUMENT, 'exactly one debug request is required');
  return names[0]!;
}

/** `path`: a page with its query, `edsz?proxyID=a.demo`. What HTTP would refuse by its status is told in words. */
function page(pages: DebugPages, path: string, viewer: Viewer): NamedAny {
  const [name, query] = path.split('?', 2) as [string, string?];
  const looked = pages.look(name, { query: new URLSearchParams(query), viewer });
  if (looked.kind === 'forbidden') {
    throw new StreamRefusal(status.PERMISSION_DENIED, `the debug info ${name} is not for this identity`);
  }
  const text =
    looked.kind === 'json'
      ? JSON.stringify(looked.value)
      : looked.kind === 'refusal'
        ? looked.text
        : '404 page not found\n';
  return { name: path, any: create(AnySchema, { typeUrl: DEBUG_TYPE, value: new TextEncoder().encode(text) }) };
}

/** No resources where the proxy is not connected, or not the viewer's. */
function configDump(server: DiscoveryServer, proxyId: string, viewer: Viewer): readonly NamedAny[] {
  const [proxy, resources] = [server.proxy(proxyId), server.resourcesOf(proxyId)];
  if (!proxy || !resources || !seesProxy(viewer, proxy.node)) return [];
  const options = { version: String(server.snapshot.version), includeEndpoints: false };
  return configDumpAnys(resources, options).map((any) => ({ name: '', any }));
}

/** As older istioctls read it. */
function connectedNode(proxy: ProxyStatus): NamedAny {
  const { node } = proxy;
  const message = create(NodeSchema, { id: proxyName(proxy), metadata: node.metadata });
  return { name: proxyName(proxy), any: packAny(NodeSchema, message) };
}

function proxyName({ node }: ProxyStatus): string {
  return `${node.workload}.${node.namespace}`;
}
