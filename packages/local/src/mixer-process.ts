// Mixer's process: started at the first rule that the configuration has for it.
import { join } from 'node:path';
import type { Clock, Logger } from '@meltemi/base';
import type { ConfigView } from '@meltemi/config';
import type { OrphanGuard } from './orphan-guard.ts';
import { type MixerPlace, mixsArgv, type Programs } from './programs.ts';
import type { StateDirectory } from './state-directory.ts';
import { SupervisedProcess } from './supervised-process.ts';

export interface MixerProcessOptions {
  readonly programs: Programs;
  readonly configDirectory: string;
  readonly state: StateDirectory;
  readonly place: MixerPlace;
  readonly inherited: Readonly<Record<string, string>>;
}

export class MixerProcess {
  readonly logFile: string;
  readonly #start: () => SupervisedProcess;
  #process: SupervisedProcess | undefined;

  constructor(options: MixerProcessOptions, clock: Clock, logger: Logger, guard: OrphanGuard) {
    const { programs, configDirectory, state, place, inherited } = options;
    this.logFile = join(state.logs, 'mixs.log');
    const spec = {
      name: 'mixs',
      argv: mixsArgv(programs, configDirectory, place),
      env: inherited,
      cwd: state.root,
      logFile: this.logFile,
      channel: true,
    };
    this.#start = () => new SupervisedProcess(spec, clock, logger, guard);
  }

  /** Starts it at the first rule or limit. Once there are none, nobody asks it, and it waits for the next. */
  follow(view: ConfigView): void {
    if (this.#process || view.objects('rule').length + view.objects('RateLimitPolicy').length === 0) return;
    this.#process = this.#start();
    this.#process.start();
  }

  async stop(graceMs: number): Promise<void> {
    await this.#process?.stop(graceMs);
  }

  kill(): void {
    this.#process?.kill();
  }
}
