// A whole mesh for a test: real processes by the real command line, in a directory of its own, gone when the test ends.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MeshStatus, WorkloadStatus } from '@meltemi/local';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const COMMAND_TIMEOUT_MS = 60_000;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface MeshOptions {
  readonly flags?: readonly string[];
  /** What runs, as YAML, in the place of the sample application. */
  readonly workloads?: string;
}

/** Starts `./mesh up --detach` on a copy of the sample application. */
export async function startMesh(options: MeshOptions = {}): Promise<MeshUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-'));
  if (options.workloads === undefined) copySamples(directory);
  else writeFileSync(join(directory, 'workloads.yaml'), options.workloads);
  const mesh = new MeshUnderTest(directory);
  const started = await mesh.command('up', '--detach', '--dir', directory, ...(options.flags ?? []));
  if (started.code !== 0) {
    const log = readFileSync(join(directory, '.mesh/logs/mesh.log'), 'utf8');
    await mesh.close();
    throw new Error(`mesh up failed: ${started.stdout}${started.stderr}${log}`);
  }
  mesh.upOutput = started.stdout;
  return mesh;
}

function copySamples(directory: string): void {
  const samples = join(root, 'samples/bookinfo');
  for (const file of readdirSync(samples).filter((name) => name.endsWith('.yaml'))) {
    cpSync(join(samples, file), join(directory, file));
  }
}

export class MeshUnderTest {
  readonly directory: string;
  /** What `up` printed. */
  upOutput = '';

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Runs `./mesh WORDS…` as they are. */
  command(...words: readonly string[]): Promise<CommandResult> {
    return new Promise((resolve) => {
      execFile(join(root, 'mesh'), [...words], { cwd: root, timeout: COMMAND_TIMEOUT_MS }, (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
        resolve({ code, stdout, stderr });
      });
    });
  }

  /** Runs `./mesh istioctl WORDS…` on this mesh's directory. */
  istioctl(...words: readonly string[]): Promise<CommandResult> {
    return this.command('istioctl', '--configDir', this.directory, ...words);
  }

  async status(): Promise<MeshStatus & { problems: readonly { message: string; code: string; severity: string }[] }> {
    const { code, stdout, stderr } = await this.command('status', '--dir', this.directory, '-o', 'json');
    if (code !== 0) throw new Error(`mesh status failed: ${stderr}`);
    return JSON.parse(stdout) as Awaited<ReturnType<MeshUnderTest['status']>>;
  }

  async workload(name: string): Promise<WorkloadStatus> {
    const found = (await this.status()).workloads.find((workload) => workload.name === name);
    if (!found) throw new Error(`no workload ${name}`);
    return found;
  }

  /** GET through the ingress gateway. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return httpGet(`${(await this.ingress()).replace(/\/$/, '')}${path}`, headers);
  }

  async ingress(): Promise<string> {
    this.#ingress ??= (await this.status()).ingress.url;
    return this.#ingress;
  }

  #ingress: string | undefined;

  async close(): Promise<void> {
    const result = await this.command('down', '--dir', this.directory);
    rmSync(this.directory, { recursive: true, force: true });
    if (result.code !== 0) throw new Error(`mesh down failed: ${result.stderr}`);
  }
}

/** One GET on a connection of its own. Rejects when the connection fails. */
export function httpGet(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers, agent: false, timeout: 20_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error(`no answer from ${url} in 20 s`)));
    call.on('error', reject);
    call.end();
  });
}

/** True while a process with this pid runs; one that has ended and waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

/** Repeats the check until it holds; the last failure is the error after the deadline. */
export async function eventually<T>(check: () => Promise<T>, deadlineMs = 10_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** What came of requests sent one after the other, on many connections, until it is stopped. */
export interface LoadResult {
  readonly requests: number;
  readonly failures: readonly string[];
}

/** Sends GETs without pause until `stop`; a failure is any answer but 200, or none. */
export function startLoad(url: string, connections = 8): { stop(): Promise<LoadResult> } {
  let running = true;
  let requests = 0;
  const failures: string[] = [];
  const loop = async () => {
    while (running) {
      requests++;
      await httpGet(url).then(
        (answer) => void (answer.status === 200 || failures.push(`${answer.status} ${answer.body.slice(0, 200)}`)),
        (error: Error) => void failures.push(error.message),
      );
    }
  };
  const loops = Array.from({ length: connections }, loop);
  return {
    async stop() {
      running = false;
      await Promise.all(loops);
      return { requests, failures };
    },
  };
}

/** wrk's own counts of a run. */
export interface WrkResult {
  readonly requests: number;
  readonly errors: string;
}

/** Runs wrk on keep-alive connections for some seconds; `errors` holds its lines about failed requests, if any. */
export function startWrk(url: string, seconds: number): Promise<WrkResult> {
  const wrk = process.env['MELTEMI_WRK'] ?? 'wrk';
  const child: ChildProcess = spawn(wrk, ['-t1', '-c8', `-d${seconds}s`, '--timeout', '10s', url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
      const errors = output
        .split('\n')
        .filter((line) => /Socket errors|Non-2xx/.test(line))
        .join('; ');
      resolve({ requests, errors });
    });
  });
}
