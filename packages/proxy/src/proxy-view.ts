// What the admin pages see of a proxy and may do to it: of the first worker, and of all workers together.
import { fromBinary } from '@bufbuild/protobuf';
import { TapConfigSchema } from '@meltemi/api/envoy/config/tap/v3/common_pb';
import type { StatsStore } from '@meltemi/telemetry';
import type { AdminView } from './admin/admin-view.ts';
import { statMatcher } from './admin/stat-matcher.ts';
import type { DataPlane } from './data-plane.ts';
import type { ProxyOptions } from './proxy-options.ts';
import { tapSettings } from './tap/tap-settings.ts';
import { joinClusters } from './workers/join-clusters.ts';
import { joinWorkerStats } from './workers/join-stats.ts';
import type { WorkerThreads } from './workers/worker-threads.ts';
import type { TextReadouts } from './xds/text-readouts.ts';
import type { XdsClients } from './xds/xds-clients.ts';

export interface ProxyParts {
  readonly stats: StatsStore;
  readonly readouts: TextReadouts;
  readonly plane: DataPlane;
  readonly sources: XdsClients;
  readonly threads: WorkerThreads | undefined;
  readonly quit: () => void;
}

export function proxyView(options: ProxyOptions, seen: ProxyParts): AdminView {
  const { concurrency, drainTimeMs, configPath } = options;
  const { stats, plane, sources, threads } = seen;
  const view: AdminView = {
    bootstrap: options.bootstrap,
    stats,
    readouts: seen.readouts,
    includesStat: statMatcher(options.bootstrap.statsConfig?.statsMatcher),
    version: options.version,
    clock: options.clock,
    startedMs: options.clock.now(),
    commandLine: { concurrency, drainTimeMs, ...(configPath !== undefined && { configPath }) },
    state: () => plane.life.state,
    clusters: () => plane.clusters.snapshot(),
    listeners: () => plane.listeners.snapshot(),
    certificates: () => [...plane.listeners.certificates(), ...plane.clusters.certificates()],
    xds: () => sources.all(),
    actions: adminActions(options, seen),
  };
  return threads ? { ...view, ofAllWorkers: () => joinedView(view, stats, threads) } : view;
}

function adminActions({ logLevel }: ProxyOptions, { plane, threads, quit }: ProxyParts): AdminView['actions'] {
  return {
    drainListeners(options) {
      plane.life.drainListeners(options);
      threads?.tell({ kind: 'drain', options });
    },
    failHealthcheck(failed) {
      plane.life.failHealth(failed);
      threads?.tell({ kind: 'health', failed });
    },
    quit,
    setLogLevel(level) {
      logLevel.level = level;
      logLevel.levels?.clear();
      threads?.tell({ kind: 'log-level', level });
    },
    logLevel: () => logLevel.level,
    setLoggerLevel(name, level) {
      logLevel.levels?.set(name, level);
      threads?.tell({ kind: 'log-level', level, logger: name });
    },
    loggerLevels: () => logLevel.levels ?? new Map(),
    tapRefusal: (configId) => plane.taps.refusal(configId),
    startTap(configId, config, onTrace) {
      const settings = tapSettings(fromBinary(TapConfigSchema, config));
      plane.taps.start(configId, { settings, emit: onTrace });
      threads?.tell({ kind: 'tap', configId, config });
      return () => {
        plane.taps.stop(configId);
        threads?.tell({ kind: 'tap', configId, config: undefined });
      };
    },
    reopenLogs() {
      plane.logFiles.reopen();
      threads?.tell({ kind: 'reopen-logs' });
    },
  };
}

/** What this worker and the others count, together, as of now. */
async function joinedView(view: AdminView, stats: StatsStore, threads: WorkerThreads): Promise<AdminView> {
  const others = await threads.snapshots();
  return {
    ...view,
    stats: {
      list: () =>
        joinWorkerStats(
          stats.list(),
          others.map((other) => other.stats),
        ),
      resetCounters() {
        stats.resetCounters();
        threads.tell({ kind: 'reset-counters' });
      },
      scope: (kind, labels) => stats.scope(kind, labels),
    },
    clusters: () =>
      joinClusters(
        view.clusters(),
        others.map((other) => other.clusters),
      ),
  };
}
