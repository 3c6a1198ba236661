// Starts a machine within the machine for a test: network, processes and mounts of its own, which end with the test however it ends.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SandboxProcess, type SandboxProgram } from './sandbox-process.ts';
import type { HttpAnswer, SandboxAnswer, SandboxRequest } from './sandbox-request.ts';

/** Address of the sandbox on the network of its pods. */
export const SANDBOX_ADDRESS = '10.88.0.1';
/** The owner's process id follows. */
const DIRECTORY_PREFIX = 'meltemi-sandbox-';
const START_DEADLINE_MS = 20_000;
const NEEDED = ['unshare', 'nsenter', 'setpriv', 'ip', 'mount', 'iptables-restore'];

/** Why a sandbox can't be here, or false. */
export function reasonAgainstSandbox(): string | false {
  if (process.getuid?.() !== 0) return 'namespaces need root';
  for (const program of NEEDED) {
    if (spawnSync(program, ['--version']).error) return `no program ${program}`;
  }
  return spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'true']).status !== 0 && 'no namespaces here';
}

/** A network of pods on one bridge, with programs in it and around it. */
export class Sandbox {
  /** For files; removed at the end. */
  readonly directory: string;
  readonly #init: ChildProcess;
  /** Of the first process, as this process sees it. */
  readonly #pid: number;
  readonly #waiting = new Map<number, (answer: SandboxAnswer) => void>();
  #requests = 0;
  #pods = 0;

  private constructor(directory: string, init: ChildProcess, pid: number) {
    this.directory = directory;
    this.#init = init;
    this.#pid = pid;
    init.on('message', (answer: SandboxAnswer) => this.#waiting.get(answer.id)?.(answer));
    init.once('exit', () => this.#failAll());
  }

  /** `hosts`: names beside localhost, as address → names. */
  static async start(hosts: Readonly<Record<string, readonly string[]>> = {}): Promise<Sandbox> {
    removeLeftDirectories();
    const directory = mkdtempSync(join(tmpdir(), `${DIRECTORY_PREFIX}${process.pid}-`));
    const hostsFile = join(directory, 'hosts');
    writeFileSync(hostsFile, hostsText({ '127.0.0.1': ['localhost'], ...hosts }));
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const script = join(import.meta.dirname, 'sandbox-init.ts');
    const command = [...namespaces, process.execPath, script, `${SANDBOX_ADDRESS}/24`, hostsFile];
    const init = spawn('unshare', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const deadline = AbortSignal.timeout(START_DEADLINE_MS);
    await Promise.race([
      once(init, 'message', { signal: deadline }),
      once(init, 'exit').then(() => Promise.reject(new Error('the sandbox ended at once'))),
    ]);
    init.unref();
    init.channel?.unref();
    return new Sandbox(directory, init, childOf(init.pid!));
  }

  /** Of the first process in it, as its owner's namespace numbers it: what enters the sandbox enters there. */
  get pid(): number {
    return this.#pid;
  }

  /** Starts a program in the sandbox's own network or in a pod's. */
  run(program: SandboxProgram): SandboxProcess {
    return new SandboxProcess(this.#pid, program);
  }

  /** Runs a program to its end. Rejects with its last words when it fails. */
  async complete(program: SandboxProgram): Promise<string> {
    const { code, stdout, stderr } = await this.run(program).ended();
    if (code !== 0) throw new Error(`${program.command.join(' ')}: code ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** An HTTP request from within. */
  fetch(url: string, options: Partial<Omit<SandboxRequest, 'id' | 'url'>> = {}): Promise<HttpAnswer> {
    const id = this.#requests++;
    this.#init.channel?.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (answer) => {
        this.#waiting.delete(id);
        if (this.#waiting.size === 0) this.#init.channel?.unref();
        if ('error' in answer) reject(new Error(answer.error));
        else resolve({ status: answer.status, body: answer.body });
      });
      this.#init.send({ method: 'GET', headers: {}, ...options, id, url } satisfies SandboxRequest);
    });
  }

  /** Adds a network namespace with an address on the bridge. Answers with that address. */
  async addPod(name: string): Promise<string> {
    const address = `10.88.0.${++this.#pods + 1}`;
    const veth = `veth${this.#pods}`;
    const ip = (...args: readonly string[]) => this.complete({ command: ['ip', ...args] });
    await ip('netns', 'add', name);
    await ip('link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await ip('link', 'set', veth, 'master', 'pods', 'up');
    await ip('-n', name, 'link', 'set', 'lo', 'up');
    await ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('-n', name, 'link', 'set', 'eth0', 'up');
    await ip('-n', name, 'route', 'add', 'default', 'via', SANDBOX_ADDRESS);
    return address;
  }

  /** Ends every program in it. */
  async close(): Promise<void> {
    if (this.#init.exitCode === null && this.#init.signalCode === null) {
      const exited = once(this.#init, 'exit');
      this.#init.ref();
      this.#init.kill('SIGKILL');
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  #failAll(): void {
    for (const [id, done] of this.#waiting) done({ id, error: 'the sandbox has ended' });
  }
}

/** Those of processes that were killed; what ran in their sandboxes ended with them. */
function removeLeftDirectories(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(DIRECTORY_PREFIX) ? Number.parseInt(name.slice(DIRECTORY_PREFIX.length), 10) : 0;
    if (pid > 0 && !existsSync(`/proc/${pid}`)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** The only child of a process, as the caller's namespace numbers it. */
function childOf(pid: number): number {
  const { stdout } = spawnSync('cat', [`/proc/${pid}/task/${pid}/children`], { encoding: 'utf8' });
  return Number(stdout.trim().split(' ')[0]);
}

function hostsText(hosts: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(hosts)
    .map(([address, names]) => `${address} ${names.join(' ')}\n`)
    .join('');
}
