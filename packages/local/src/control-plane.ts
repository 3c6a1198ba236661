// The control plane's process: started on given addresses, ready when it says so, started again when it ends.
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { Clock, Logger } from '@meltemi/base';
import type { OrphanGuard } from './orphan-guard.ts';
import { type ControlPlaneAddresses, pilotDiscoveryArgv, type PilotDiscoveryOptions } from './programs.ts';
import { SupervisedProcess } from './supervised-process.ts';

export interface ControlPlaneOptions extends PilotDiscoveryOptions {
  readonly inherited: Readonly<Record<string, string>>;
}

/** Emits `changed` on every start, readiness and end. */
export class ControlPlane extends EventEmitter<{ changed: []; ready: [] }> {
  readonly addresses: ControlPlaneAddresses;
  readonly logFile: string;
  readonly #process: SupervisedProcess;
  #ready = false;

  constructor(options: ControlPlaneOptions, clock: Clock, logger: Logger, guard: OrphanGuard) {
    super();
    this.addresses = options.addresses;
    this.logFile = join(options.state.logs, 'pilot-discovery.log');
    const spec = {
      name: 'pilot-discovery',
      argv: pilotDiscoveryArgv(options),
      env: options.inherited,
      cwd: options.state.root,
      logFile: this.logFile,
      channel: true,
    };
    this.#process = new SupervisedProcess(spec, clock, logger, guard);
    this.#process.on('started', () => this.#became(false));
    this.#process.on('restarting', () => this.#became(false));
    this.#process.on('message', (message) => this.#became((message as { ready?: boolean }).ready === true));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get ready(): boolean {
    return this.#ready;
  }

  start(): void {
    this.#process.start();
  }

  stop(graceMs: number): Promise<void> {
    return this.#process.stop(graceMs);
  }

  kill(): void {
    this.#process.kill();
  }

  #became(ready: boolean): void {
    this.#ready = ready;
    if (ready) this.emit('ready');
    this.emit('changed');
  }
}
