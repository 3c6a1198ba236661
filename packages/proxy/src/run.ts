// Turns a bootstrap into a running proxy: stats, clusters, listeners, configuration streams and the admin pages.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { type Clock, type Dice, type Logger, type LogLevel, Scope, type SocketAddress } from '@meltemi/base';
import { createLogFiles, type LogFiles, StatsStore } from '@meltemi/telemetry';
import type { TransportAddress } from '@meltemi/wire';
import type { AdminView, ServerState } from './admin/admin-view.ts';
import { serveAdmin } from './admin/serve-admin.ts';
import { ClusterManager } from './cluster/cluster-manager.ts';
import { resolveName } from './cluster/discovery/resolve-name.ts';
import type { AwaitClusters, WatchRoutes } from './http/route-slot.ts';
import { ListenerManager } from './listener/listener-manager.ts';
import type { WatchSecret } from './tls/tls-material.ts';
import { createXdsClients, type XdsClients } from './xds/xds-clients.ts';

/** What `bin/proxy.ts` gives. Times in milliseconds. */
export interface ProxyOptions {
  readonly bootstrap: Bootstrap;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  /** How long connections may go on after `drain` began. */
  readonly drainTimeMs: number;
  /** Wanted workers; one event loop serves for now. */
  readonly concurrency: number;
  /** Where `/logging` reads and sets the level; the sink of the logger satisfies it. */
  readonly logLevel: { level: LogLevel };
  /** Of this program, for `/server_info`. */
  readonly version: string;
  /** For access logs. */
  readonly hostname: string;
  /** For `/server_info`. */
  readonly configPath?: string;
}

export interface RunningProxy {
  /** Resolves when the initial configuration is applied and the listeners are open. */
  readonly ready: Promise<void>;
  /** Bound port of the admin server; 0 without one. */
  readonly adminPort: number;
  /** Where a listener is bound (its real port when the configuration says 0); undefined while it warms or when unknown. */
  listenerAddress(name: string): TransportAddress | undefined;
  /** Resolves when somebody asked the proxy to stop (`/quitquitquit`). */
  readonly quitRequested: Promise<void>;
  /** Stops accepting, answers with `connection: close`, and waits for connections up to the drain time. */
  drain(): Promise<void>;
  /** Closes everything now. */
  close(): Promise<void>;
}

/** Throws what is wrong with the bootstrap's clusters, listeners or sources; rejects when the admin address can't be bound. */
export async function runProxy(options: ProxyOptions): Promise<RunningProxy> {
  const scope = new Scope();
  try {
    return await start(options, scope);
  } catch (failure) {
    await scope.close();
    throw failure;
  }
}

/** In the order in which a request needs them: sources, clusters, listeners; the admin pages see all. */
async function start(options: ProxyOptions, scope: Scope): Promise<RunningProxy> {
  const { bootstrap, clock, dice, logger } = options;
  const stats = new StatsStore();
  const logFiles = createLogFiles(clock);
  scope.defer(() => logFiles.close());
  const xds = createXdsClients({ bootstrap, clock, dice, logger, stats });
  scope.defer(() => xds.close());
  const watchSecret = secretWatch(bootstrap, xds);
  const clusters = new ClusterManager({ clock, dice, logger, stats, xds, watchSecret, resolve: resolveName });
  scope.defer(() => clusters.close());
  const watchRoutes = routeWatch(xds);
  const drainTimeMs = options.drainTimeMs;
  const listeners = new ListenerManager({
    clusters,
    stats,
    clock,
    dice,
    logger,
    watchRoutes,
    awaitClusters: clusterWait(clusters),
    watchSecret,
    drainTimeMs,
    accessLogs: { files: logFiles, hostname: options.hostname },
    drainingChains: new Set(),
  });
  scope.defer(() => listeners.close());

  const life = new ProxyLife(listeners);
  const view = adminView(options, { stats, logFiles, clusters, listeners, xds, life });
  const admin = await startAdmin(view, bootstrap, scope);
  clusters.addStatic(bootstrap.staticResources?.clusters ?? []);
  life.ready = configure(bootstrap, { clusters, listeners, xds, life });
  return {
    ready: life.ready,
    adminPort: admin,
    listenerAddress: (name) => listeners.address(name),
    quitRequested: life.quitRequested,
    drain: () => life.drain(),
    close: () => scope.close(),
  };
}

interface Parts {
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;
  readonly xds: XdsClients;
  readonly life: ProxyLife;
}

/** Clusters first, then listeners: a listener must not name what is not there yet. */
async function configure(bootstrap: Bootstrap, { clusters, listeners, xds, life }: Parts): Promise<void> {
  const { cdsConfig, ldsConfig } = bootstrap.dynamicResources ?? {};
  await clusters.start(cdsConfig && xds.forConfigSource(cdsConfig));
  for (const listener of bootstrap.staticResources?.listeners ?? []) listeners.addStatic(listener);
  if (ldsConfig) await listeners.start(xds.forConfigSource(ldsConfig));
  await listeners.settled();
  life.live();
}

/** The states that the admin server tells of. */
class ProxyLife {
  readonly #listeners: ListenerManager;
  #state: ServerState = 'PRE_INITIALIZING';
  #draining: Promise<void> | undefined;
  #quit: () => void = () => {};
  readonly quitRequested: Promise<void>;
  ready: Promise<void> = Promise.resolve();
  healthy = true;

  constructor(listeners: ListenerManager) {
    this.#listeners = listeners;
    this.quitRequested = new Promise((resolve) => (this.#quit = resolve));
  }

  get state(): ServerState {
    return this.healthy || this.#state !== 'LIVE' ? this.#state : 'DRAINING';
  }

  live(): void {
    if (this.#state === 'PRE_INITIALIZING') this.#state = 'LIVE';
  }

  quit(): void {
    this.#quit();
  }

  drain(): Promise<void> {
    this.#state = 'DRAINING';
    this.#draining ??= this.#listeners.drain();
    return this.#draining;
  }
}

function secretWatch(bootstrap: Bootstrap, xds: XdsClients): WatchSecret {
  const secrets = new Map((bootstrap.staticResources?.secrets ?? []).map((secret) => [secret.name, secret]));
  return (config, onSecret) => {
    const fixed = config.sdsConfig ? undefined : secrets.get(config.name);
    if (fixed) {
      onSecret(fixed);
      return { close: () => {} };
    }
    return xds.forConfigSource(config.sdsConfig).watch('SDS', config.name, {
      onResource(secret) {
        const message = onSecret(secret);
        return message === undefined ? undefined : { name: config.name, message };
      },
    });
  };
}

function routeWatch(xds: XdsClients): WatchRoutes {
  return (source, name, onRoutes) => xds.forConfigSource(source).watch('RDS', name, { onResource: onRoutes });
}

/** A route must not lead to a cluster that isn't warm yet: a control plane sends both in one breath. */
function clusterWait(clusters: ClusterManager): AwaitClusters {
  return (names) => {
    const warming = clusters.snapshot().filter((cluster) => cluster.state === 'warming' && names.has(cluster.name));
    return warming.some((cluster) => !clusters.get(cluster.name)) ? clusters.warm() : undefined;
  };
}

interface Seen extends Parts {
  readonly stats: StatsStore;
  readonly logFiles: LogFiles;
}

function adminView(options: ProxyOptions, { stats, logFiles, clusters, listeners, xds, life }: Seen): AdminView {
  const { concurrency, drainTimeMs, configPath, logLevel } = options;
  return {
    bootstrap: options.bootstrap,
    stats,
    version: options.version,
    clock: options.clock,
    startedMs: options.clock.now(),
    commandLine: { concurrency, drainTimeMs, ...(configPath !== undefined && { configPath }) },
    state: () => life.state,
    clusters: () => clusters.snapshot(),
    listeners: () => listeners.snapshot(),
    certificates: () => listeners.certificates(),
    xds: () => xds.all(),
    actions: {
      drainListeners: () => void life.drain(),
      failHealthcheck: (fail) => void (life.healthy = !fail),
      quit: () => life.quit(),
      setLogLevel: (level) => void (logLevel.level = level),
      logLevel: () => logLevel.level,
      reopenLogs: () => logFiles.reopen(),
    },
  };
}

/** The bound port; 0 without an admin address. */
async function startAdmin(view: AdminView, bootstrap: Bootstrap, scope: Scope): Promise<number> {
  const address = adminAddress(bootstrap);
  if (!address) return 0;
  const admin = await serveAdmin(view, address);
  scope.defer(() => admin.close());
  return admin.port;
}

function adminAddress(bootstrap: Bootstrap): SocketAddress | undefined {
  const address = bootstrap.admin?.address?.address;
  if (address?.case !== 'socketAddress' || address.value.portSpecifier.case !== 'portValue') return undefined;
  return { host: address.value.address, port: address.value.portSpecifier.value };
}
