// Keeps one program running: starts it, starts it again with back-off when it ends, stops it with a deadline.
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Clock, Logger, Timer } from '@meltemi/base';
import { openLog } from './log-file.ts';
import type { OrphanGuard } from './orphan-guard.ts';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;
/** A process that ran this long is healthy again: its next failure starts from the first back-off. */
const STEADY_MS = 10_000;

export interface ProcessSpec {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
  /** Opens a message channel: the child hears when this process is gone, and reports by messages. */
  readonly channel: boolean;
}

export interface SupervisedProcessEvents {
  /** Each start. */
  started: [pid: number];
  message: [message: unknown];
  /** Each end that was not asked for; a start follows after `delayMs`. */
  restarting: [reason: string, delayMs: number];
}

/** One program that is to run until `stop`. Every start is a process group of its own. */
export class SupervisedProcess extends EventEmitter<SupervisedProcessEvents> {
  readonly #spec: ProcessSpec;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #guard: OrphanGuard;
  #child: ChildProcess | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #startedAt = 0;
  #stopped = false;
  #restarts = 0;

  constructor(spec: ProcessSpec, clock: Clock, logger: Logger, guard: OrphanGuard) {
    super();
    this.#spec = spec;
    this.#clock = clock;
    this.#logger = logger;
    this.#guard = guard;
  }

  get name(): string {
    return this.#spec.name;
  }

  /** The running process, or undefined between two starts. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts after the first. */
  get restarts(): number {
    return this.#restarts;
  }

  start(): void {
    const log = openLog(this.#spec.logFile, (message) => this.#logger.error(`${this.#spec.name}: ${message}`));
    const [command, ...args] = this.#spec.argv as [string, ...string[]];
    this.#startedAt = this.#clock.monotonic();
    const child = spawn(command, args, {
      cwd: this.#spec.cwd,
      env: this.#spec.env,
      detached: true,
      stdio: this.#spec.channel ? ['ignore', log.fd, log.fd, 'ipc'] : ['ignore', log.fd, log.fd],
    });
    log.close();
    this.#child = child;
    child.once('error', (error) => this.#ended(child, error.message));
    child.once('exit', (code, signal) => this.#ended(child, signal ? `signal ${signal}` : `exit code ${code}`));
    child.on('message', (message) => this.emit('message', message));
    if (child.pid === undefined) return;
    this.#guard.add(child.pid);
    this.emit('started', child.pid);
  }

  /** Asks the process to end (SIGTERM), and kills its whole group after `graceMs`. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    const child = this.#child;
    if (!child?.pid) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    signalProcess(child.pid, 'SIGTERM');
    const deadline = this.#clock.after(graceMs, () => signalGroup(child.pid!, 'SIGKILL'));
    await gone;
    deadline.cancel();
  }

  /** Kills the process group at once. */
  kill(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    if (this.#child?.pid) signalGroup(this.#child.pid, 'SIGKILL');
  }

  #ended(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (child.pid !== undefined) {
      signalGroup(child.pid, 'SIGKILL');
      this.#guard.remove(child.pid);
    }
    if (this.#stopped) return;
    if (this.#clock.monotonic() - this.#startedAt >= STEADY_MS) this.#failures = 0;
    const delayMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures++);
    this.#restarts++;
    this.#logger.warn(`${this.#spec.name} ended (${reason}); it starts again in ${delayMs} ms`);
    this.emit('restarting', reason, delayMs);
    this.#retry = this.#clock.after(delayMs, () => this.start());
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  ignoringGone(() => process.kill(pid, signal));
}

/** The group holds whatever the program started in turn. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  ignoringGone(() => process.kill(-pid, signal));
}

function ignoringGone(send: () => void): void {
  try {
    send();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
