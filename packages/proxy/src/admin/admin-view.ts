// What the admin pages see of the proxy and may ask of it. The wiring fills it.
import type { CertificateSnapshot } from '../tls/certificate-snapshot.ts';
import type { Clock, LogLevel } from '@meltemi/base';
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { StatsStore } from '@meltemi/telemetry';
import type { ClusterSnapshot } from '../cluster/cluster.ts';
import type { TextReadouts } from '../xds/text-readouts.ts';
import type { DrainOptions } from '../drain/drain-options.ts';
import type { XdsClient } from '../xds/xds-client.ts';

export interface AdminView {
  readonly bootstrap: Bootstrap;
  readonly stats: Pick<StatsStore, 'list' | 'resetCounters' | 'scope'>;
  /** Stats that are texts. */
  readonly readouts: TextReadouts;
  /** The bootstrap's `stats_matcher`: what it leaves out is counted, and not shown. */
  includesStat(name: string): boolean;
  /** As `--version` says it. */
  readonly version: string;
  readonly clock: Clock;
  /** Epoch milliseconds. */
  readonly startedMs: number;
  /** How the process was started, for `/server_info`. */
  readonly commandLine: AdminCommandLine;
  state(): ServerState;
  clusters(): readonly ClusterSnapshot[];
  listeners(): readonly ListenerSnapshot[];
  certificates(): readonly CertificateSnapshot[];
  /** The configuration streams in use; resources are shown from what they hold. */
  xds(): Iterable<XdsClient>;
  readonly actions: AdminActions;
  /** The same view with what all workers count; undefined: there is one worker. */
  readonly ofAllWorkers?: () => Promise<AdminView>;
}

/** What a POST can ask for. */
export interface AdminActions {
  /** `graceful`: connections go on and are told to close; else the listeners stop at once. */
  drainListeners(options: DrainOptions): void;
  /** Health checks of this proxy fail until told otherwise. */
  failHealthcheck(fail: boolean): void;
  quit(): void;
  setLogLevel(level: LogLevel): void;
  logLevel(): LogLevel;
  setLoggerLevel(name: string, level: LogLevel): void;
  /** Of the loggers that have one of their own. */
  loggerLevels(): ReadonlyMap<string, LogLevel>;
  reopenLogs(): void;
  /** Why a tap can't begin; undefined: it can. */
  tapRefusal(configId: string): string | undefined;
  /** `config`: a TapConfig in binary form, checked. Every trace comes as JSON; the result ends it. */
  startTap(configId: string, config: Uint8Array, onTrace: (trace: string) => void): () => void;
}

export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

export interface AdminCommandLine {
  readonly concurrency: number;
  readonly drainTimeMs: number;
  readonly configPath?: string;
}

export interface ListenerSnapshot {
  readonly name: string;
  /** Bound address (`ip:port`); undefined while it warms. */
  readonly address: string | undefined;
  readonly state: 'active' | 'warming' | 'draining';
  readonly addedViaApi: boolean;
}
