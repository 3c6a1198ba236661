// A proxy under measurement: how it is started with one route to one upstream.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

export interface Addresses {
  readonly listen: number;
  readonly upstream: number;
  readonly admin: number;
}

/** Its configuration file and the command that runs it in the foreground. */
export interface Rival {
  readonly name: string;
  readonly fileName: string;
  config(addresses: Addresses): string;
  command(file: string): readonly string[];
}

export interface RunningRival {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a rival on one CPU and waits until it accepts connections. */
export async function startRival(
  rival: Rival,
  addresses: Addresses,
  directory: string,
  cpu: number,
): Promise<RunningRival> {
  const file = join(directory, rival.fileName);
  await writeFile(file, rival.config(addresses));
  const log = openSync(join(directory, `${rival.name}.log`), 'a');
  const child = spawn('taskset', ['-c', String(cpu), ...rival.command(file)], { stdio: ['ignore', log, log] });
  await accepting(child, rival.name, addresses.listen);
  return { name: rival.name, pid: child.pid!, port: addresses.listen, stop: () => stop(child) };
}

async function accepting(child: ChildProcess, name: string, port: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${name} does not listen on port ${port}`);
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

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(force);
}
