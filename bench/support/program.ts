// A program under measurement: how it is started on one CPU, known to accept connections, weighed, and stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { cpuMicroseconds } from './cpu-time.ts';

/** Programs under measurement run on CPU 0, load and upstream on CPU 1. */
export const PROXY_CPU = 0;
export const LOAD_CPU = 1;

/** Runs in the foreground from a configuration file. */
export interface Program {
  readonly name: string;
  command(file: string): readonly string[];
}

export interface Start {
  readonly program: Program;
  readonly config: string;
  /** Where it will accept connections. */
  readonly port: number;
  readonly cpu: number;
  /** For its configuration and log. */
  readonly directory: string;
}

export interface Running {
  readonly name: string;
  readonly port: number;
  /** Microseconds of CPU since it started. */
  cpu(): number;
  /** Resident memory in MiB. */
  memory(): number;
  stop(): Promise<void>;
}

/** Rejects when it doesn't accept connections within 20 s; its log stays in the directory. */
export async function startProgram({ program, config, port, cpu, directory }: Start): Promise<Running> {
  const file = join(directory, `${program.name}-${port}.config`);
  await writeFile(file, config);
  const logFile = join(directory, `${program.name}-${port}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn('taskset', ['-c', String(cpu), ...program.command(file)], {
    cwd: directory,
    stdio: ['ignore', log, log],
  });
  await accepting(child, port).catch((cause: unknown) => {
    throw new Error(`${program.name} does not listen on port ${port}: ${lastLines(logFile)}`, { cause });
  });
  return {
    name: program.name,
    port,
    cpu: () => cpuMicroseconds(child.pid!),
    memory: () => residentMemory(child.pid!),
    stop: () => stop(child),
  };
}

async function accepting(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`exited with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error('not within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-3).join('\n');
}

function residentMemory(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(force);
}
