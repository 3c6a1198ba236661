// Turns the ports of a redirected sidecar's application into one listener, a chain for each way to connect.
import type { Host } from '@meltemi/base';
import type { DestinationRule, LocatedResource } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import type { InboundClusterInput } from './cluster-input.ts';
import { BLACK_HOLE_CLUSTER, INBOUND_PASSTHROUGH_CLUSTER, inboundName } from './cluster-name.ts';
import { rulePools } from './chosen-rules.ts';
import { type DestinationPolicy, destinationPolicy, NO_POLICY, portPolicy } from './destination-policy.ts';
import { inboundChainMatches, type InboundChainMatch } from './inbound-chain-matches.ts';
import { type InboundPort, inboundPorts } from './inbound-ports.ts';
import { inboundRoutes, type InboundRoutesTarget } from './inbound-routes.ts';
import { ANY_CONNECTION, type ChainInput, type ListenerInput } from './listener-input.ts';
import { meshTls } from './mesh-tls.ts';
import { connectionPoolInput } from './pool-inputs.ts';
import { type MutualTlsMode, type MutualTlsModes, mutualTlsModes } from './mutual-tls-modes.ts';
import { statName } from './stat-name.ts';
import { plainTcp } from './tcp-traffic.ts';

const VIRTUAL_INBOUND = 'virtualInbound';

export function redirectedInboundListener(scope: ProxyScope, { mesh }: Snapshot): ListenerInput {
  const modes = mutualTlsModes(scope.peerAuthentication, mesh.mutualTls);
  const ports = inboundPorts(scope);
  const own = mesh.listenPorts.inbound;
  return {
    name: VIRTUAL_INBOUND,
    direction: 'inbound',
    address: { host: '0.0.0.0', port: own },
    capture: 'redirected',
    inspection: {
      tlsBut: numbers(
        ports.filter((port) => modeOf(port, modes) === 'DISABLE' && !port.tls && isNamed(port)),
        own,
      ),
      httpBut: numbers(ports.filter(isNamed), own),
    },
    chains: [
      loopChain(own),
      ...passthroughChains(ports, modes, mesh),
      ...ports.flatMap((port) => portChains(port, modes, mesh)),
    ],
    otherwise: undefined,
  };
}

export function redirectedInboundClusters(
  scope: ProxyScope,
  { mesh, config }: Pick<Snapshot, 'mesh' | 'config'>,
): InboundClusterInput[] {
  const policies = inboundPolicies(scope, mesh, config.destinationRules);
  return inboundPorts(scope).map((port) => ({
    kind: 'inbound',
    name: inboundName(port.number),
    app: port.app ?? (mesh.inboundLocalhost ? { host: '127.0.0.1', port: port.number } : undefined),
    http: port.http,
    services: port.services,
    ...countedAs(port, scope, mesh),
    ...inboundPolicy(policies(port.host), port.servicePort, mesh),
  }));
}

function countedAs({ number, servicePort }: InboundPort, { served }: ProxyScope, mesh: MeshSettings) {
  const first = served.find(({ port, endpoint }) => port.number === servicePort && endpoint.address.port === number);
  if (mesh.statNames.inbound === '' || !first) return {};
  return { statName: statName(mesh.statNames.inbound, { ...first, subset: '', targetPort: number }) };
}

/** What a DestinationRule says of connections to a service holds for those to the application too. */
function inboundPolicy(policy: DestinationPolicy, port: number, mesh: MeshSettings) {
  const said = portPolicy(policy, port, undefined).connectionPool ?? mesh.trafficPolicy.connectionPool;
  const connectionPool = connectionPoolInput(said, mesh);
  return { connectionPool, ...(policy.trafficPolicy && policy.provenance && { provenance: policy.provenance }) };
}

/** Rules for some workloads are for what those call: they say nothing of who calls them. */
function inboundPolicies(
  { visible, selecting, node: { namespace } }: ProxyScope,
  mesh: MeshSettings,
  rules: readonly LocatedResource<DestinationRule>[],
): (host: Host) => DestinationPolicy {
  if (selecting.length === 0) return (host) => visible.policies.get(host) ?? NO_POLICY;
  const pools = rulePools(rules, mesh.exportTo.destinationRules.includes('.'));
  return (host) => {
    const service = visible.serviceByHost.get(host);
    return service ? destinationPolicy({ namespace, selecting: [], pools }, service, mesh) : NO_POLICY;
  };
}

/** With the listener's own, which leads nowhere. */
function numbers(ports: readonly InboundPort[], own: number): readonly number[] {
  return [...ports.map(({ number }) => number), own].sort((a, b) => a - b);
}

function isNamed({ speech }: InboundPort): boolean {
  return speech !== 'detected';
}

function modeOf({ number }: InboundPort, modes: MutualTlsModes): MutualTlsMode {
  return modes.ports.get(number) ?? modes.mode;
}

/** Whoever calls the listener by its own port would be led around in a circle. */
function loopChain(port: number): ChainInput {
  return {
    name: `${VIRTUAL_INBOUND}-blackhole`,
    statPrefix: BLACK_HOLE_CLUSTER,
    match: { ...ANY_CONNECTION, port },
    traffic: plainTcp(BLACK_HOLE_CLUSTER),
    tls: undefined,
  };
}

/** Ports that nobody declared: all by the workload's mode, and those with a mode of their own. */
function passthroughChains(ports: readonly InboundPort[], modes: MutualTlsModes, mesh: MeshSettings): ChainInput[] {
  const declared = new Set(ports.map(({ number }) => number));
  const own = [...modes.ports].filter(([port]) => !declared.has(port)).sort(([a], [b]) => a - b);
  const all = [[undefined, modes.mode] as const, ...own];
  return all.flatMap(([port, mode]) =>
    inboundChainMatches(mode, 'detected').map((way) => ({
      name: passthroughName(way, port),
      statPrefix: INBOUND_PASSTHROUGH_CLUSTER,
      match: { ...way.match, port },
      traffic: trafficOf({ cluster: INBOUND_PASSTHROUGH_CLUSTER, port: 0, service: '', retried: true }, way.http),
      tls: way.mutualTls ? meshTls(mesh) : undefined,
    })),
  );
}

function passthroughName({ http }: InboundChainMatch, port: number | undefined): string {
  const name = http ? `${VIRTUAL_INBOUND}-catchall-http` : VIRTUAL_INBOUND;
  return port === undefined ? name : `${name}-${port}`;
}

function portChains(port: InboundPort, modes: MutualTlsModes, mesh: MeshSettings): ChainInput[] {
  const { number, speech, servicePort, service, chainName: name } = port;
  const mode = modeOf(port, modes);
  const target = {
    cluster: inboundName(number),
    port: servicePort,
    service,
    retried: port.retried,
    ...(port.codec && { codec: port.codec }),
  };
  const chain = { name, statPrefix: `inbound_${name}` };
  if (mode === 'DISABLE' && port.tls) {
    const match = { ...ANY_CONNECTION, port: number, transport: 'tls' } as const;
    return [{ ...chain, match, traffic: trafficOf(target, speech === 'http'), tls: port.tls }];
  }
  return inboundChainMatches(mode, speech).map((way) => ({
    ...chain,
    match: { ...way.match, port: number },
    traffic: trafficOf(target, way.http),
    tls: way.mutualTls ? meshTls(mesh) : undefined,
  }));
}

function trafficOf(target: InboundRoutesTarget & { readonly codec?: 'mongo' }, http: boolean): ChainInput['traffic'] {
  return http
    ? { kind: 'inline-routes', routes: inboundRoutes(target) }
    : { ...plainTcp(target.cluster), ...(target.codec && { codec: target.codec }) };
}
