// `mesh up`: starts the mesh, shows progress and then one table, and runs it until it is told to stop.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import {
  createLogger,
  formatProblem,
  type LogSink,
  parseSocketAddress,
  type SocketAddress,
  systemClock,
} from '@meltemi/base';
import { DirectoryStore } from '@meltemi/config';
import { Mesh, type MeshOptions, type MeshStatus, openStateDirectory, statusTable } from '@meltemi/local';
import { fetchProblems } from './control-plane-problems.ts';
import { type MeshLocation, meshLocation, seedConfigDirectory } from './mesh-location.ts';
import type { MeshProgram } from './mesh-program.ts';
import { painter } from './painter.ts';

/** How long `up` waits for every part before it shows the table with what is missing. */
const READY_TIMEOUT_MS = 30_000;

export interface UpOptions {
  readonly dir?: string;
  readonly detach?: boolean;
  readonly ingress?: string;
  readonly console?: string;
  readonly workloadCertTtl: string;
  readonly drain: string;
  readonly proxy?: string;
  readonly mixerChecks: 'sidecar' | 'mixer';
}

/** Runs until a signal; resolves to the exit code. */
export async function up(program: MeshProgram, options: UpOptions): Promise<number> {
  const location = meshLocation(program.root, options.dir);
  seedConfigDirectory(location, program.root, options.dir);
  const places = { ingress: parseIngress(options.ingress), console: parseConsole(options.console) };
  return options.detach ? detach(program, location, options) : runHere(program, location, options, places);
}

async function runHere(
  program: MeshProgram,
  location: MeshLocation,
  options: UpOptions,
  places: Pick<MeshOptions, 'ingress' | 'console'>,
): Promise<number> {
  const clock = systemClock();
  const sink: LogSink = { level: 'warn', write: (line) => void program.stderr.write(line), now: () => clock.now() };
  const logger = createLogger(sink, 'mesh');
  const state = openStateDirectory(location.stateDirectory);
  const store = await DirectoryStore.open({ directories: [location.configDirectory], clock, logger });
  const mesh = new Mesh({
    programs: {
      node: program.node,
      root: program.root,
      directory: dirname(program.script),
      extension: extname(program.script),
    },
    state,
    store,
    configDirectory: location.configDirectory,
    ...places,
    claimsDirectory: join(tmpdir(), 'meltemi-ports'),
    workloadTtl: options.workloadCertTtl,
    drainSeconds: Number.parseInt(options.drain, 10),
    proxy: options.proxy === undefined ? undefined : resolve(options.proxy),
    mixerChecks: options.mixerChecks,
    inherited: program.env,
    pid: program.pid,
    clock,
    logger,
  });
  const stopped = stopSignal(program, mesh);
  const progress = showProgress(program, mesh);
  try {
    await mesh.up();
    await Promise.race([mesh.whenSettled(AbortSignal.timeout(READY_TIMEOUT_MS)).catch(() => {}), stopped.asked]);
    progress.end();
    if (!stopped.isAsked()) await announce(program, mesh, location);
    await stopped.done;
    return 0;
  } catch (error) {
    progress.end();
    await mesh.kill();
    throw error;
  } finally {
    await store.close();
  }
}

async function announce(program: MeshProgram, mesh: Mesh, location: MeshLocation): Promise<void> {
  const status = mesh.status();
  const seconds = (performance.now() / 1000).toFixed(1);
  const missing = mesh.waitingFor();
  const text = [
    statusTable(status, painter(program)),
    ...(await problemLines(mesh, status)),
    ...links(status, location),
    missing.length === 0
      ? `ready in ${seconds} s`
      : `not ready after ${seconds} s: ${missing.join(', ')}; see ./mesh logs ${missing[0]}`,
  ].join('\n');
  if (program.sendToParent) program.sendToParent({ ready: missing.length === 0, text });
  else program.stdout.write(`${text}\nCtrl-C ends the mesh\n`);
}

async function problemLines(mesh: Mesh, status: MeshStatus): Promise<readonly string[]> {
  const problems = [...mesh.problems, ...(await fetchProblems(status.controlPlane.http))];
  return problems.length === 0 ? [] : [...problems.map(formatProblem), ''];
}

function links(status: MeshStatus, location: MeshLocation): readonly string[] {
  const productPage = status.workloads.some((workload) => workload.service === 'productpage');
  return [
    productPage ? `Product page    ${status.ingress.url}/productpage` : `Ingress         ${status.ingress.url}`,
    ...(status.console === '' ? [] : [`Console         ${status.console}`]),
    `Configuration   ${location.configDirectory}  (edit it, or ./mesh istioctl create -f FILE)`,
  ];
}

/** Starts the same command in the background and waits until it has said that it is ready. */
function detach(program: MeshProgram, location: MeshLocation, options: UpOptions): Promise<number> {
  mkdirSync(join(location.stateDirectory, 'logs'), { recursive: true, mode: 0o700 });
  const log = openSync(join(location.stateDirectory, 'logs/mesh.log'), 'a', 0o600);
  const args = [
    'up',
    '--workload-cert-ttl',
    options.workloadCertTtl,
    '--drain',
    options.drain,
    '--mixer-checks',
    options.mixerChecks,
    ...(options.dir === undefined ? [] : ['--dir', options.dir]),
    ...(options.ingress === undefined ? [] : ['--ingress', options.ingress]),
    ...(options.console === undefined ? [] : ['--console', options.console]),
    ...(options.proxy === undefined ? [] : ['--proxy', options.proxy]),
  ];
  const child = spawn(program.node, [program.script, ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: program.env,
  });
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      program.stderr.write(`the mesh did not start; see ${join(location.stateDirectory, 'logs/mesh.log')}\n`);
      resolve(code === 0 || code === null ? 1 : code);
    });
    child.on('message', (message: { ready?: boolean; text?: string; failure?: string }) => {
      child.removeAllListeners('exit');
      if (message.failure !== undefined) program.stderr.write(`${message.failure}\n`);
      else program.stdout.write(`${message.text}\n./mesh down ends the mesh\n`);
      child.disconnect();
      child.unref();
      resolve(message.ready ? 0 : 1);
    });
  });
}

/** The first signal drains and stops, the second kills. */
function stopSignal(
  program: MeshProgram,
  mesh: Mesh,
): { asked: Promise<void>; done: Promise<void>; isAsked(): boolean } {
  let count = 0;
  let ask!: () => void;
  let finish!: () => void;
  const asked = new Promise<void>((resolve) => (ask = resolve));
  const done = new Promise<void>((resolve) => (finish = resolve));
  const stop = () => {
    count++;
    ask();
    if (count === 1 && !program.sendToParent) program.stderr.write('\nending the mesh …\n');
    void (count === 1 ? mesh.down() : mesh.kill()).then(finish, (error: unknown) => {
      program.stderr.write(`${String(error)}\n`);
      finish();
    });
  };
  program.onSignal(stop);
  mesh.on('lost', stop);
  return { asked, done, isAsked: () => count > 0 };
}

/** One line that changes in a terminal, a line a step elsewhere. */
function showProgress(program: MeshProgram, mesh: Mesh): { end(): void } {
  const interactive = program.stderr.isTTY;
  let last = '';
  const show = (text: string) => {
    if (text === last) return;
    last = text;
    program.stderr.write(interactive ? `\r\u001b[K${text}` : `${text}\n`);
  };
  mesh.on('progress', (step) => show(`starting ${step}`));
  if (interactive) mesh.on('changed', () => show(`waiting for ${mesh.waitingFor().join(', ')}`));
  return {
    end() {
      mesh.removeAllListeners('progress');
      if (interactive) program.stderr.write('\r\u001b[K');
    },
  };
}

function parseIngress(text: string | undefined): SocketAddress | undefined {
  return text === undefined ? undefined : parsePlace('--ingress', text);
}

/** It shows what runs to whoever asks: only this machine may. */
function parseConsole(text: string | undefined): MeshOptions['console'] {
  if (text === undefined || text === 'off') return text;
  const address = parsePlace('--console', text);
  if (/^(127\.|::1$|localhost$)/.test(address.host)) return address;
  throw new Error(`--console wants an address of this machine alone, as 127.0.0.1:15030, not "${text}"`);
}

function parsePlace(flag: string, text: string): SocketAddress {
  const address = parseSocketAddress(text);
  if (!address) throw new Error(`${flag} wants HOST:PORT, not "${text}"`);
  return address;
}
