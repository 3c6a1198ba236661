// What a program gives to run a proxy.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Clock, Dice, Labels, Logger, LogLevel } from '@meltemi/base';
import type { DrainSettings } from './drain/drain-sequence.ts';
import type { Environment } from './environment.ts';
import type { OpenMixer } from './http/filter/mixer/mixer.ts';

/** What `bin/proxy.ts` gives. Times in milliseconds. */
export interface ProxyOptions {
  readonly bootstrap: Bootstrap;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  /** How long connections may go on after `drain` began. */
  readonly drainTimeMs: number;
  /** How connections are told to close meanwhile; default `gradual`, as Envoy's. */
  readonly drainStrategy?: DrainSettings['strategy'];
  /** Workers, each with an event loop of its own; more than one need `worker`. */
  readonly concurrency: number;
  readonly worker?: WorkerScript;
  /** Of every stat; default none. */
  readonly statsTags?: Labels;
  /** Unknown fields in files of configuration are refused; default: passed over. */
  readonly rejectUnknownFields?: boolean;
  /** Where `/logging` reads and sets the level; the sink of the logger satisfies it. */
  readonly logLevel: { level: LogLevel; readonly levels?: Map<string, LogLevel> };
  /** Of this program, for `/server_info`. */
  readonly version: string;
  /** For access logs. */
  readonly hostname: string;
  /** For custom tags of traces and logs; absent: no variable is there. */
  readonly environment?: Environment;
  /** Absent: configuration that names Mixer is refused. */
  readonly openMixer?: OpenMixer;
  /** For `/server_info`. */
  readonly configPath?: string;
}

/** A script that calls `runWorkerThread`. */
export interface WorkerScript {
  readonly script: URL;
  /** What the script finds in `workerStart().program`. */
  readonly program?: Readonly<Record<string, string>>;
}

export function drainSettings({ drainTimeMs, drainStrategy = 'gradual' }: ProxyOptions): DrainSettings {
  return { timeMs: drainTimeMs, strategy: drainStrategy };
}
