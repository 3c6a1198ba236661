// A program that runs in a sandbox, in one of its pods if asked; it ends with the sandbox at the latest.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

export interface SandboxProgram {
  readonly command: readonly [string, ...string[]];
  /** Name of the pod whose network it has; the sandbox's own otherwise. */
  readonly pod?: string;
  /** Runs as this user and group; it may still read every file, as a program in an image could. */
  readonly uid?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** File for what it prints; without one it is kept for `completed` and `printed`. */
  readonly log?: string;
  /** What it reads from its standard input. */
  readonly input?: string;
}

export interface ProgramEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of a program whose name is asked for by path only. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export class SandboxProcess {
  readonly #program: SandboxProgram;
  /** `nsenter`, which ends as the program does. */
  readonly #entering: ChildProcess;
  readonly #exited: Promise<void>;

  /** `target`: a process of the sandbox. */
  constructor(target: number, program: SandboxProgram) {
    this.#program = program;
    const log = program.log === undefined ? undefined : openSync(program.log, 'a');
    const [file, ...args] = enteringCommand(target, program);
    this.#entering = spawn(file!, args, {
      stdio: [program.input === undefined ? 'ignore' : 'pipe', log ?? 'pipe', log ?? 'pipe'],
      env: { PATH, ...program.env },
    });
    if (log !== undefined) closeSync(log);
    this.#entering.stdin?.on('error', () => undefined);
    this.#entering.stdin?.end(program.input);
    this.#exited = once(this.#entering, 'exit').then(() => undefined);
    this.#entering.unref();
  }

  get running(): boolean {
    return this.#entering.exitCode === null && this.#entering.signalCode === null;
  }

  /** The program's own number; undefined before it runs and after it ended. */
  get pid(): number | undefined {
    return this.running ? childrenOf(this.#entering.pid!)[0] : undefined;
  }

  /** What it printed, when it has ended; not for a program with a log. */
  async ended(): Promise<ProgramEnd> {
    this.#entering.ref();
    const { stdout, stderr } = this.#entering;
    const [printed, errors] = await Promise.all([text(stdout!), text(stderr!), this.#exited]);
    return { code: this.#entering.exitCode ?? 1, stdout: printed, stderr: errors };
  }

  /** Resolves at the first line on its standard output that matches. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for await (const line of createInterface({ input: this.#entering.stdout! })) {
      const found = pattern.exec(line);
      if (found) return found;
    }
    throw new Error(`${this.#program.command.join(' ')} ended before it printed ${pattern.source}`);
  }

  /** Sends a signal to the program itself. */
  signal(signal: NodeJS.Signals): void {
    for (const pid of childrenOf(this.#entering.pid!)) process.kill(pid, signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    this.#entering.ref();
    this.signal(signal);
    await this.#exited;
  }
}

function enteringCommand(target: number, { command, pod, uid, cwd }: SandboxProgram): readonly string[] {
  return [
    'nsenter',
    `--target=${target}`,
    '--net',
    '--mount',
    '--pid',
    ...(pod === undefined ? [] : ['ip', 'netns', 'exec', pod]),
    'setpriv',
    '--pdeathsig=KILL',
    ...(uid === undefined ? [] : userFlags(uid)),
    ...(cwd === undefined ? [] : ['env', `--chdir=${cwd}`]),
    ...command,
  ];
}

function userFlags(uid: number): readonly string[] {
  const mayRead = ['--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search'];
  return ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', ...mayRead];
}

function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}
