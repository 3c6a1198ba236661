// What every worker has: clusters and listeners, built from the bootstrap and from configuration sources.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Clock, Dice, Logger, Scope, Timer } from '@meltemi/base';
import { createLogFiles, type LogFiles, type StatsStore } from '@meltemi/telemetry';
import { ClusterManager } from './cluster/cluster-manager.ts';
import { askTtl, resolveName } from './cluster/discovery/resolve-name.ts';
import type { DrainSettings } from './drain/drain-sequence.ts';
import { ProcessDrain } from './drain/process-drain.ts';
import type { Environment } from './environment.ts';
import type { OpenMixer } from './http/filter/mixer/mixer.ts';
import type { AwaitClusters } from './http/route-slot.ts';
import { ListenerManager } from './listener/listener-manager.ts';
import { startOverloadManager, heapBytes } from './overload/start-overload-manager.ts';
import { OverloadState } from './overload/overload-state.ts';
import { ProxyLife } from './proxy-life.ts';
import type { HealthSharing } from './workers/health-sharing.ts';
import { TapRegistry } from './tap/tap-registry.ts';
import type { SharedCounters } from './workers/shared-counters.ts';
import type { SocketSharing } from './workers/socket-sharing.ts';
import { extensionWatch } from './xds/extension-watch.ts';
import { routeWatch } from './xds/route-watch.ts';
import { secretWatch } from './xds/secret-watch.ts';
import type { TextReadouts } from './xds/text-readouts.ts';
import type { XdsClients } from './xds/xds-clients.ts';

export interface DataPlaneOptions {
  readonly bootstrap: Bootstrap;
  readonly xds: XdsClients;
  readonly stats: StatsStore;
  readonly readouts: TextReadouts;
  readonly drain: DrainSettings;
  /** For access logs. */
  readonly hostname: string;
  /** For custom tags of traces and logs. */
  readonly environment: Environment;
  readonly counters: SharedCounters;
  /** Undefined: the program has no client of Mixer. */
  readonly openMixer: OpenMixer | undefined;
  /** Undefined: there is one worker. */
  readonly health: HealthSharing | undefined;
  readonly sockets: SocketSharing;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

export interface DataPlane {
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;
  readonly logFiles: LogFiles;
  readonly taps: TapRegistry;
  readonly life: ProxyLife;
  /** Resolves when the initial configuration is applied and the listeners are open; rejects for a static listener that can't be honoured. */
  configure(): Promise<void>;
}

/** In the order in which a request needs them. Throws what is wrong with the bootstrap's clusters. The scope closes all. */
export function createDataPlane(options: DataPlaneOptions, scope: Scope): DataPlane {
  const { bootstrap, clock, dice, logger, stats, readouts, xds, counters, sockets } = options;
  const logFiles = createLogFiles(clock);
  scope.defer(() => logFiles.close());
  const watchSecret = secretWatch({ bootstrap, xds, stats, readouts, logger });
  const clusters = new ClusterManager({
    clock,
    dice,
    logger,
    stats,
    counters,
    ...(options.health && { health: options.health }),
    xds,
    watchSecret,
    resolve: resolveName,
    askTtl,
    readouts,
  });
  scope.defer(() => clusters.close());
  const taps = new TapRegistry();
  const drain = new ProcessDrain(options.drain, clock, dice);
  const overload = new OverloadState(() => listeners.connections);
  const listeners: ListenerManager = new ListenerManager({
    clusters,
    overload,
    stats,
    clock,
    dice,
    logger,
    watchRoutes: routeWatch(xds, stats, readouts),
    awaitClusters: clusterWait(clusters, clock, scope),
    watchSecret,
    watchExtension: extensionWatch(xds, stats),
    taps,
    counters,
    openMixer: options.openMixer,
    sockets,
    drainTimeMs: options.drain.timeMs,
    drain,
    environment: options.environment,
    accessLogs: { files: logFiles, hostname: options.hostname, node: bootstrap.node },
    drainingChains: new Set(),
  });
  scope.defer(() => listeners.close());
  startOverloadManager(bootstrap, overload, { clock, logger, stats, heapBytes }, scope);
  const life = new ProxyLife({ listeners, drain, drainTimeMs: options.drain.timeMs, clock });
  clusters.addStatic(bootstrap.staticResources?.clusters ?? []);
  return { clusters, listeners, logFiles, taps, life, configure: () => configure(bootstrap, xds, clusters, listeners) };
}

/** Clusters first, then listeners: a listener must not name what is not there yet. */
async function configure(
  bootstrap: Bootstrap,
  xds: XdsClients,
  clusters: ClusterManager,
  listeners: ListenerManager,
): Promise<void> {
  const { cdsConfig, ldsConfig } = bootstrap.dynamicResources ?? {};
  await clusters.start(cdsConfig && xds.forConfigSource(cdsConfig));
  for (const listener of bootstrap.staticResources?.listeners ?? []) listeners.addStatic(listener);
  if (ldsConfig) await listeners.start(xds.forConfigSource(ldsConfig));
  await listeners.settled();
}

/** Routes go live after this time, whatever their clusters wait for. */
const CLUSTER_WAIT_MS = 15_000;

/** A route should not lead to a cluster that isn't warm yet: a control plane sends both in one breath. */
function clusterWait(clusters: ClusterManager, clock: Clock, scope: Scope): AwaitClusters {
  const timers = new Set<Timer>();
  scope.defer(() => timers.forEach((timer) => timer.cancel()));
  const warmInTime = async () => {
    const late = Promise.withResolvers<void>();
    const timer = clock.after(CLUSTER_WAIT_MS, late.resolve);
    timers.add(timer);
    await Promise.race([clusters.warm(), late.promise]);
    timer.cancel();
    timers.delete(timer);
  };
  return (names) => {
    const warming = clusters.snapshot().filter((cluster) => cluster.state === 'warming' && names.has(cluster.name));
    return warming.some((cluster) => !clusters.get(cluster.name)) ? warmInTime() : undefined;
  };
}
