// The web console's process: it reads the mesh's state file, and nothing waits for it.
import { join } from 'node:path';
import type { Clock, Logger, SocketAddress } from '@meltemi/base';
import type { OrphanGuard } from './orphan-guard.ts';
import { consoleArgv, type Programs } from './programs.ts';
import type { StateDirectory } from './state-directory.ts';
import { SupervisedProcess } from './supervised-process.ts';

export interface ConsoleProcessOptions {
  readonly programs: Programs;
  readonly state: StateDirectory;
  readonly address: SocketAddress;
  readonly inherited: Readonly<Record<string, string>>;
}

export class ConsoleProcess {
  readonly address: SocketAddress;
  readonly logFile: string;
  readonly #process: SupervisedProcess;

  constructor(options: ConsoleProcessOptions, clock: Clock, logger: Logger, guard: OrphanGuard) {
    const { programs, state, address, inherited } = options;
    this.address = address;
    this.logFile = join(state.logs, 'console.log');
    const spec = {
      name: 'console',
      argv: consoleArgv(programs, state, address),
      env: inherited,
      cwd: state.root,
      logFile: this.logFile,
      channel: true,
    };
    this.#process = new SupervisedProcess(spec, clock, logger, guard);
    this.#process.start();
  }

  stop(graceMs: number): Promise<void> {
    return this.#process.stop(graceMs);
  }

  kill(): void {
    this.#process.kill();
  }
}
