// Turns what a route says of forwarding, whatever the request, into the rules that its decisions share.
import type {
  HedgePolicy,
  RouteAction,
  RouteAction_UpgradeConfig as UpgradeConfig,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { DecideError } from './decide-error.ts';
import { compileInternalRedirect, type InternalRedirect } from './internal-redirect.ts';
import type { RequestView } from './request-view.ts';

/** Made once a route. */
export interface ForwardingRules {
  readonly internalRedirect: InternalRedirect | undefined;
  /** When a try takes too long, another begins beside it; the first that answers wins. */
  readonly hedgeOnPerTryTimeout: boolean;
  /** Bytes of a body that are kept for another try; undefined: the listener's. */
  readonly bufferLimit: number | undefined;
  /** A CONNECT ends here: its bytes go to the upstream as they are. Else it is forwarded. */
  readonly endsConnect: boolean;
  /** Tell a retry's upstream whether the try before it timed out: `x-envoy-is-timeout-retry`. */
  readonly includeIsTimeoutRetry: boolean;
  /** What is left of the time goes to the upstream as `grpc-timeout`, too. */
  readonly setGrpcTimeout: boolean;
}

/** What the virtual host says where the route doesn't. */
interface HostRules {
  readonly hedgePolicy: HedgePolicy | undefined;
  readonly bufferLimit: number | undefined;
  readonly includeIsTimeoutRetry: boolean;
}

/** Throws DecideError. `bufferLimit`: the route's, in bytes. */
export function compileForwardingRules(
  action: RouteAction,
  bufferLimit: number | undefined,
  host: HostRules,
): ForwardingRules {
  return {
    internalRedirect: compileInternalRedirect(action),
    hedgeOnPerTryTimeout: hedges(action.hedgePolicy ?? host.hedgePolicy),
    bufferLimit: bufferLimit ?? host.bufferLimit,
    endsConnect: compileConnect(action.upgradeConfigs),
    includeIsTimeoutRetry: host.includeIsTimeoutRetry,
    setGrpcTimeout: action.maxGrpcTimeout !== undefined && action.maxStreamDuration === undefined,
  };
}

/** Shared: there are many routes, and few have upgrades. */
const NO_UPGRADES: ReadonlyMap<string, boolean> = new Map();

/** Lower-case types: true is allowed, false refused. Throws DecideError. */
export function compileUpgrades(action: RouteAction): ReadonlyMap<string, boolean> {
  if (action.upgradeConfigs.length === 0) return NO_UPGRADES;
  const upgrades = new Map<string, boolean>();
  for (const { upgradeType, enabled } of action.upgradeConfigs) {
    const type = upgradeType.toLowerCase();
    if (upgrades.has(type)) throw new DecideError('BAD_ACTION', `upgrade ${upgradeType} comes twice`);
    upgrades.set(type, enabled ?? true);
  }
  return upgrades;
}

/** Whether this request is hedged: a trusted client may turn it on and off. */
export function hedgesRequest(rules: ForwardingRules, request: RequestView): boolean {
  const asked = request.trusted ? request.headers.get('x-envoy-hedge-on-per-try-timeout') : undefined;
  if (asked === 'true') return true;
  return asked === 'false' ? false : rules.hedgeOnPerTryTimeout;
}

function hedges(policy: HedgePolicy | undefined): boolean {
  if (!policy) return false;
  if ((policy.initialRequests ?? 1) > 1 || (policy.additionalRequestChance?.numerator ?? 0) > 0) {
    throw new DecideError('UNSUPPORTED', 'hedge_policy with initial_requests or additional_request_chance');
  }
  return policy.hedgeOnPerTryTimeout;
}

function compileConnect(upgrades: readonly UpgradeConfig[]): boolean {
  const connect = upgrades.find(({ upgradeType }) => upgradeType.toLowerCase() === 'connect')?.connectConfig;
  for (const { upgradeType, connectConfig } of upgrades) {
    if (connectConfig && upgradeType.toLowerCase() !== 'connect') {
      throw new DecideError('BAD_ACTION', `upgrade ${upgradeType}: connect_config belongs to CONNECT`);
    }
  }
  if (connect?.proxyProtocolConfig) throw new DecideError('UNSUPPORTED', 'connect_config with proxy_protocol_config');
  if (connect?.allowPost) throw new DecideError('UNSUPPORTED', 'connect_config with allow_post');
  return connect !== undefined;
}
