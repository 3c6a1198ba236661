// Turns a bootstrap into a running proxy: configuration streams, the data planes of all workers, and the admin pages.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { durationToMs, type Logger, Scope, type SocketAddress } from '@meltemi/base';
import type { TransportAddress } from '@meltemi/wire';
import type { AdminView } from './admin/admin-view.ts';
import { serveAdmin } from './admin/serve-admin.ts';
import { createDataPlane, type DataPlane } from './data-plane.ts';
import { NO_ENVIRONMENT } from './environment.ts';
import { drainSettings, type ProxyOptions } from './proxy-options.ts';
import { proxyStats } from './proxy-stats.ts';
import { proxyView } from './proxy-view.ts';
import { feedStatsd } from './stats-sink/statsd-feed.ts';
import { statsdSinks } from './stats-sink/statsd-settings.ts';
import { startWorkers } from './workers/start-workers.ts';
import type { WorkerThreads } from './workers/worker-threads.ts';
import { TextReadouts } from './xds/text-readouts.ts';
import { createXdsClients } from './xds/xds-clients.ts';

/** Envoy's `stats_flush_interval`. */
const STATS_FLUSH_MS = 5000;

export interface RunningProxy {
  /** Resolves when the initial configuration is applied and the listeners are open, in all workers; rejects when one died. */
  readonly ready: Promise<void>;
  /** Bound port of the admin server; 0 without one. */
  readonly adminPort: number;
  /** Where the admin server is bound; undefined without one. */
  readonly adminAddress: SocketAddress | undefined;
  /** Where a listener is bound (its real port when the configuration says 0); undefined while it warms or when unknown. */
  listenerAddress(name: string): TransportAddress | undefined;
  /** Resolves when somebody asked the proxy to stop (`/quitquitquit`). */
  readonly quitRequested: Promise<void>;
  /** Resolves when a worker died: the process must end, loudly. */
  readonly failed: Promise<Error>;
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

async function start(options: ProxyOptions, scope: Scope): Promise<RunningProxy> {
  const { bootstrap, clock, dice, logger } = options;
  const stats = proxyStats(bootstrap, options.statsTags ?? {});
  const readouts = new TextReadouts();
  const sources = createXdsClients({
    bootstrap,
    clock,
    dice,
    logger,
    stats,
    readouts,
    rejectUnknownFields: options.rejectUnknownFields ?? false,
  });
  scope.defer(() => sources.close());
  const { threads, ...joint } = startWorkers(options, sources, scope);
  const drain = drainSettings(options);
  const { hostname, openMixer, environment = NO_ENVIRONMENT } = options;
  const plane = createDataPlane(
    { bootstrap, stats, readouts, drain, hostname, environment, openMixer, clock, dice, logger, ...joint },
    scope,
  );
  if (threads) threads.onTrace = (configId, trace) => plane.taps.active(configId)?.emit(trace);
  const quit = Promise.withResolvers<void>();
  const view = proxyView(options, { stats, readouts, plane, sources, threads, quit: quit.resolve });
  startSinks(view, plane, scope, logger);
  const address = adminAddress(bootstrap);
  const adminPort = address ? await startAdmin(view, address, scope) : 0;
  return {
    ready: goLive(plane, threads),
    adminPort,
    adminAddress: address && { host: address.host, port: adminPort },
    listenerAddress: (name) => plane.listeners.address(name),
    quitRequested: quit.promise,
    failed: threads?.failed ?? new Promise(() => {}),
    drain: async () => void (await Promise.all([plane.life.end(), threads?.end()])),
    close: () => scope.close(),
  };
}

function startSinks(view: AdminView, plane: DataPlane, scope: Scope, logger: Logger): void {
  const { statsSinks, statsFlushInterval } = view.bootstrap;
  const feed = feedStatsd(statsdSinks(statsSinks), {
    clock: view.clock,
    logger,
    clusters: plane.clusters,
    intervalMs: statsFlushInterval ? durationToMs(statsFlushInterval) : STATS_FLUSH_MS,
    stats: async () => {
      const seen = (await view.ofAllWorkers?.()) ?? view;
      return seen.stats.list().filter(({ name }) => view.includesStat(name.text));
    },
  });
  scope.defer(() => feed.close());
}

async function goLive(plane: DataPlane, threads: WorkerThreads | undefined): Promise<void> {
  await plane.configure();
  await threads?.ready();
  plane.life.live();
}

/** The bound port. */
async function startAdmin(view: AdminView, address: SocketAddress, scope: Scope): Promise<number> {
  const admin = await serveAdmin(view, address);
  scope.defer(() => admin.close());
  return admin.port;
}

function adminAddress(bootstrap: Bootstrap): SocketAddress | undefined {
  const address = bootstrap.admin?.address?.address;
  if (address?.case !== 'socketAddress' || address.value.portSpecifier.case !== 'portValue') return undefined;
  return { host: address.value.address, port: address.value.portSpecifier.value };
}
