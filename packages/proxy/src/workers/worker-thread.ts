// One worker beside the first: a data plane of its own, that does what the first worker tells it.
import { parentPort, workerData } from 'node:worker_threads';
import { fromBinary } from '@bufbuild/protobuf';
import { TapConfigSchema } from '@meltemi/api/envoy/config/tap/v3/common_pb';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { type Clock, createLogger, type Dice, type Logger, type LogLevel, type LogSink, Scope } from '@meltemi/base';
import { statRecords, type StatsStore } from '@meltemi/telemetry';
import { createDataPlane, type DataPlane } from '../data-plane.ts';
import { tapSettings } from '../tap/tap-settings.ts';
import { type Environment, NO_ENVIRONMENT } from '../environment.ts';
import type { OpenMixer } from '../http/filter/mixer/mixer.ts';
import { proxyStats } from '../proxy-stats.ts';
import { TextReadouts } from '../xds/text-readouts.ts';
import { FollowedXds } from './followed-xds.ts';
import { FollowingHealth } from './health-sharing.ts';
import { FollowingOutliers } from './outlier-sharing.ts';
import type { WorkerCommand, WorkerReport, WorkerStart } from './messages.ts';
import { countersOver } from './shared-counters.ts';
import { FollowingSockets } from './socket-sharing.ts';

/** What the script of a worker gives: the machine's clock and chance, and where log lines go. */
export interface WorkerThreadOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly writeLog: (line: string) => void;
  /** As the first worker's. */
  readonly environment?: Environment;
  readonly openMixer?: OpenMixer;
}

/** What the thread was started with. */
export function workerStart(): WorkerStart {
  return workerData as WorkerStart;
}

/** Runs in a thread that `WorkerThreads` started, for as long as that wants. What goes wrong here ends the thread. */
export function runWorkerThread(options: WorkerThreadOptions): void {
  const start = workerStart();
  const sink: WorkerSink = {
    level: start.logLevel,
    levels: new Map(),
    write: options.writeLog,
    now: () => options.clock.now(),
  };
  const follower = new Follower(start, sink, options);
  parentPort!.on('message', (command: WorkerCommand) => follower.obey(command));
  follower.serve();
}

interface WorkerSink extends LogSink {
  readonly levels: Map<string, LogLevel>;
}

class Follower {
  readonly #scope = new Scope();
  readonly #stats: StatsStore;
  readonly #sockets: FollowingSockets;
  readonly #health = new FollowingHealth(
    (cluster, host) => report({ kind: 'host-failing', cluster, host }),
    new FollowingOutliers((cluster, host, outlier) => report({ kind: 'host-outlier', cluster, host, outlier })),
  );
  readonly #sink: WorkerSink;
  readonly #xds: FollowedXds;
  readonly #plane: DataPlane;

  constructor(start: WorkerStart, sink: WorkerSink, { clock, dice, environment, openMixer }: WorkerThreadOptions) {
    const logger: Logger = createLogger(sink, `worker-${start.index}`);
    this.#sink = sink;
    this.#sockets = new FollowingSockets(start.index);
    const bootstrap = fromBinary(BootstrapSchema, start.bootstrap);
    this.#stats = proxyStats(bootstrap, start.statsTags);
    this.#xds = new FollowedXds(logger);
    this.#plane = createDataPlane(
      {
        bootstrap,
        xds: this.#xds,
        stats: this.#stats,
        readouts: new TextReadouts(),
        drain: start.drain,
        hostname: start.hostname,
        environment: environment ?? NO_ENVIRONMENT,
        openMixer,
        counters: countersOver(start.counters),
        sockets: this.#sockets,
        health: this.#health,
        clock,
        dice,
        logger,
      },
      this.#scope,
    );
  }

  serve(): void {
    void this.#plane.configure().then(() => {
      this.#plane.life.live();
      report({ kind: 'ready' });
    });
  }

  obey(command: WorkerCommand): void {
    const { life, logFiles } = this.#plane;
    switch (command.kind) {
      case 'bound':
        return this.#sockets.told(command.listener, command.address, command.bound);
      case 'snapshot':
        return report({ kind: 'snapshot', id: command.id, ...this.#snapshot() });
      case 'drain':
        return life.drainListeners(command.options);
      case 'host-health':
        return this.#health.told(command.cluster, command.host, command.finding);
      case 'host-ejection':
        return this.#health.outliers.told(command.cluster, command.host, command.ejected);
      case 'health':
        return life.failHealth(command.failed);
      case 'log-level':
        return this.#setLogLevel(command.level, command.logger);
      case 'reopen-logs':
        return logFiles.reopen();
      case 'tap':
        return this.#tap(command.configId, command.config);
      case 'reset-counters':
        return this.#stats.resetCounters();
      case 'end':
        return void life.end().then(() => report({ kind: 'drained' }));
      case 'close':
        return void this.#close();
      default:
        this.#xds.receive(command);
    }
  }

  #setLogLevel(level: LogLevel, logger: string | undefined): void {
    if (logger !== undefined) return void this.#sink.levels.set(logger, level);
    this.#sink.level = level;
    this.#sink.levels.clear();
  }

  #tap(configId: string, config: Uint8Array | undefined): void {
    const { taps } = this.#plane;
    if (!config) return taps.stop(configId);
    const settings = tapSettings(fromBinary(TapConfigSchema, config));
    taps.start(configId, { settings, emit: (trace) => report({ kind: 'trace', configId, trace }) });
  }

  #snapshot() {
    return { stats: statRecords(this.#stats.list()), clusters: this.#plane.clusters.snapshot() };
  }

  async #close(): Promise<void> {
    await this.#scope.close();
    report({ kind: 'closed' });
    parentPort!.close();
  }
}

function report(message: WorkerReport): void {
  parentPort!.postMessage(message, []);
}
