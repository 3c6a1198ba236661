// Keeps the proxy running as a child: start, restart with back-off when it dies, drain and stop.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock, Logger, Timer } from '@meltemi/base';

export interface ProxyProcessOptions {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Gives the child an IPC channel: it ends when we end, however we end. */
  readonly ipc: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onStarted?: (pid: number) => void;
  readonly onMessage?: (message: unknown) => void;
}

const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 10_000;
/** A proxy that ran this long starts again without waiting longer than the first time. */
const STEADY_MS = 60_000;

export class ProxyProcess {
  readonly #options: ProxyProcessOptions;
  #child: ChildProcess | undefined;
  #timer: Timer | undefined;
  #startedAt = 0;
  #quickDeaths = 0;
  #stopping = false;

  constructor(options: ProxyProcessOptions) {
    this.#options = options;
    this.#start();
  }

  /** Of the running child; undefined between a death and the next start. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** SIGTERM, then SIGKILL after `graceMs`; resolves when the child is gone. It is not started again. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#timer?.cancel();
    const child = this.#child;
    if (!child) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const force = this.#options.clock.after(graceMs, () => child.kill('SIGKILL'));
    await gone;
    force.cancel();
  }

  #start(): void {
    const { command, ipc, clock, logger, onStarted, onMessage } = this.#options;
    const [program, ...args] = command;
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', ...(ipc ? ['ipc' as const] : [])] });
    this.#child = child;
    this.#startedAt = clock.monotonic();
    child.on('message', (message) => onMessage?.(message));
    child.once('error', (error) => this.#ended(`could not start: ${error.message}`));
    child.once('exit', (code, signal) => this.#ended(`ended with ${signal ?? `code ${code}`}`));
    if (child.pid === undefined) return;
    logger.named('proxy').info(`proxy runs as process ${child.pid}`);
    onStarted?.(child.pid);
  }

  #ended(how: string): void {
    if (!this.#child) return;
    this.#child = undefined;
    if (this.#stopping) return;
    const { clock, logger } = this.#options;
    const ranMs = clock.monotonic() - this.#startedAt;
    this.#quickDeaths = ranMs >= STEADY_MS ? 0 : this.#quickDeaths;
    const delayMs = Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** Math.min(this.#quickDeaths++, 10));
    logger.named('proxy').warn(`proxy ${how} after ${Math.round(ranMs)} ms, starting it again in ${delayMs} ms`);
    this.#timer = clock.after(delayMs, () => this.#start());
  }
}
