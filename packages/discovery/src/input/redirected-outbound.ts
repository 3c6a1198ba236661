// Turns services into a redirected sidecar's outbound listeners: one an address and port, and one for all that is left.
import type { Service } from '@meltemi/registry';
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import { BLACK_HOLE_CLUSTER, PASSTHROUGH_CLUSTER } from './cluster-name.ts';
import { ANY_CONNECTION, type ChainInput, type ListenerInput, NO_INSPECTION } from './listener-input.ts';
import { ANY_ADDRESS, type PlacedChain, placedChains } from './redirected-chains.ts';
import { dialled } from './redirected-routes.ts';
import { plainTcp } from './tcp-traffic.ts';
import { effectiveExportTo, nearestFirst } from './visibility.ts';

const VIRTUAL_OUTBOUND = 'virtualOutbound';

export function redirectedOutboundListeners(scope: ProxyScope, snapshot: Snapshot): ListenerInput[] {
  const { namespace } = scope.node;
  const otherwise = snapshot.mesh.exportTo.services;
  const nearest = nearestFirst(dialled(scope).toSorted(byAge), namespace, (service) => ({
    home: service.namespace,
    exportTo: effectiveExportTo(service.exportTo, otherwise),
  }));
  const wanted = nearest.flatMap((service) =>
    service.ports
      .filter(({ protocol }) => protocol !== 'udp')
      .flatMap((port) => placedChains(service, port, scope, snapshot)),
  );
  const byPlace = Map.groupBy(wanted, ({ address, port }) => `${address}_${port}`);
  const listeners = [...byPlace].map(([name, chains]) => placeListener(name, chains, scope));
  return [virtualOutbound(scope, snapshot.mesh.listenPorts.outbound), ...listeners];
}

/** The older service has what two want; one whose age nobody wrote stands last. */
function byAge({ created: one }: Service, { created: other }: Service): number {
  if (one === other) return 0;
  return one !== '' && (other === '' || one < other) ? -1 : 1;
}

/** Of chains for the same connections the first stands; an address is the first service's that has it. */
function placeListener(name: string, placed: readonly PlacedChain[], scope: ProxyScope): ListenerInput {
  const { address, port, service } = placed[0]!;
  const wild = address === ANY_ADDRESS;
  const own = placed.filter((each) => wild || each.service === service).map(({ chain }) => chain);
  const detected = own.some(detects);
  // One that takes all beside others that ask for something is for what they leave.
  const rest = own.some((chain) => !takesAll(chain)) ? own.find(takesAll) : undefined;
  const open = rest === undefined && !own.some(takesAll);
  const all = own
    .filter((chain) => !rest || !takesAll(chain))
    .flatMap((chain) => (detected ? byTransport(chain) : [chain]));
  const chains = [...new Map(all.toReversed().map((chain) => [JSON.stringify(chain.match), chain])).values()].reverse();
  const reads = chains.some(({ match }) => match.transport === 'tls' || match.serverNames.length > 0);
  return {
    name,
    direction: 'outbound',
    address: { host: address, port },
    capture: 'handed-over',
    inspection: { tlsBut: reads ? [] : undefined, httpBut: chains.some(detects) ? [] : undefined },
    chains,
    otherwise: rest ?? (open ? undeclaredChain('PassthroughFilterChain', scope) : undefined),
  };
}

function takesAll({ match }: ChainInput): boolean {
  return JSON.stringify(match) === JSON.stringify(ANY_CONNECTION);
}

function detects({ match }: ChainInput): boolean {
  return match.applicationProtocols.length > 0;
}

/**
 * Where a chain beside it asks for a transport, one that takes any is never found: a proxy does not go back. Those for
 * addresses of their own stand apart.
 */
function byTransport(chain: ChainInput): ChainInput[] {
  const { match } = chain;
  if (match.transport !== undefined || match.serverNames.length + match.prefixes.length > 0) return [chain];
  return (['plaintext', 'tls'] as const).map((transport) => ({ ...chain, match: { ...match, transport } }));
}

/** What no other listener takes. Whoever calls it by its own port would be led around in a circle. */
function virtualOutbound(scope: ProxyScope, port: number): ListenerInput {
  const loop: ChainInput = {
    name: `${VIRTUAL_OUTBOUND}-blackhole`,
    statPrefix: BLACK_HOLE_CLUSTER,
    match: { ...ANY_CONNECTION, port },
    traffic: plainTcp(BLACK_HOLE_CLUSTER),
    tls: undefined,
  };
  return {
    name: VIRTUAL_OUTBOUND,
    direction: 'outbound',
    address: { host: ANY_ADDRESS, port },
    capture: 'hands-over',
    inspection: NO_INSPECTION,
    chains: [loop, undeclaredChain(`${VIRTUAL_OUTBOUND}-catchall-tcp`, scope)],
    otherwise: undefined,
  };
}

/** Connections to where nobody declared a service. */
function undeclaredChain(name: string, { outboundTrafficPolicy }: ProxyScope): ChainInput {
  const cluster = outboundTrafficPolicy === 'ALLOW_ANY' ? PASSTHROUGH_CLUSTER : BLACK_HOLE_CLUSTER;
  return { name, statPrefix: cluster, match: ANY_CONNECTION, traffic: plainTcp(cluster), tls: undefined };
}
