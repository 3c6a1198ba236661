// What the first worker, which alone talks to the control plane and the administrator, and the other workers tell each other.
import type { XdsType } from '@meltemi/api';
import type { Labels, LogLevel } from '@meltemi/base';
import type { StatRecord } from '@meltemi/telemetry';
import type { TransportAddress } from '@meltemi/wire';
import type { ClusterSnapshot } from '../cluster/cluster.ts';
import type { OutlierKind } from '../cluster/settings/outlier-settings.ts';
import type { DrainOptions } from '../drain/drain-options.ts';
import type { DrainSettings } from '../drain/drain-sequence.ts';
import type { HealthFinding } from './health-sharing.ts';

/** Configuration that the first worker accepted. `source`: as `sourceKey` says it. */
export type ConfigMessage =
  | {
      /** Of a type that is taken whole (CDS, LDS). */
      readonly kind: 'update';
      readonly source: string;
      readonly type: 'CDS' | 'LDS';
      readonly version: string;
      /** Bytes by name. */
      readonly changed: ReadonlyMap<string, Uint8Array>;
      readonly removed: readonly string[];
    }
  | {
      /** Of a type that is taken by name. `bytes` undefined: the server says that there is none. */
      readonly kind: 'resource';
      readonly source: string;
      readonly type: XdsType;
      readonly name: string;
      readonly version: string;
      readonly bytes: Uint8Array | undefined;
    }
  | {
      /** Nobody asks for the name any more. */
      readonly kind: 'forget';
      readonly source: string;
      readonly type: XdsType;
      readonly name: string;
    };

/** From the first worker, in the order in which it did the same itself. */
export type WorkerCommand =
  | ConfigMessage
  | {
      readonly kind: 'bound';
      readonly listener: string;
      readonly address: TransportAddress;
      readonly bound: TransportAddress;
    }
  /** Answered with `snapshot`. */
  | { readonly kind: 'snapshot'; readonly id: number }
  | { readonly kind: 'drain'; readonly options: DrainOptions }
  /** What a health check of a cluster's host found. */
  | { readonly kind: 'host-health'; readonly cluster: string; readonly host: string; readonly finding: HealthFinding }
  /** A cluster's host is out for failing, or back. */
  | { readonly kind: 'host-ejection'; readonly cluster: string; readonly host: string; readonly ejected: boolean }
  /** `/healthcheck/fail` and `/healthcheck/ok`. */
  | { readonly kind: 'health'; readonly failed: boolean }
  /** Of all loggers, or of one. */
  | { readonly kind: 'log-level'; readonly level: LogLevel; readonly logger?: string }
  | { readonly kind: 'reopen-logs' }
  /** `config`: a TapConfig in binary form; undefined: the tap ends. Answered with `trace`s. */
  | { readonly kind: 'tap'; readonly configId: string; readonly config: Uint8Array | undefined }
  | { readonly kind: 'reset-counters' }
  /** The process is about to end. Answered with `drained` when no connection is left or the drain time is over. */
  | { readonly kind: 'end' }
  /** Everything ends now; answered with `closed`. */
  | { readonly kind: 'close' };

/** What one worker knows by itself, for the admin pages. */
export interface WorkerSnapshot {
  readonly stats: readonly StatRecord[];
  readonly clusters: readonly ClusterSnapshot[];
}

/** From another worker. */
export type WorkerReport =
  /** The initial configuration is applied and the listeners are open. */
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'snapshot'; readonly id: number } & WorkerSnapshot)
  | { readonly kind: 'trace'; readonly configId: string; readonly trace: string }
  | { readonly kind: 'host-failing'; readonly cluster: string; readonly host: string }
  | { readonly kind: 'host-outlier'; readonly cluster: string; readonly host: string; readonly outlier: OutlierKind }
  | { readonly kind: 'drained' }
  | { readonly kind: 'closed' };

/** What a worker begins with. */
export interface WorkerStart {
  /** From 1 on: the first worker is 0. */
  readonly index: number;
  /** A Bootstrap in binary form. */
  readonly bootstrap: Uint8Array;
  readonly drain: DrainSettings;
  readonly hostname: string;
  readonly logLevel: LogLevel;
  readonly statsTags: Labels;
  /** As `countersMemory` made it. */
  readonly counters: SharedArrayBuffer;
  /** Whatever the program's own script wants to hand to itself in the worker. */
  readonly program: Readonly<Record<string, string>>;
}
