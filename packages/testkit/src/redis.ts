// Runs a real Redis, in memory alone, for the time of a test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface RunningRedis {
  readonly port: number;
  stop(): Promise<void>;
}

/** Resolves when it takes connections on loopback; rejects when it ends before. It never outlives this process's exit. */
export async function startRedis(program: string, port: number): Promise<RunningRedis> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit').catch(() => undefined);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    kill();
    await exited;
    process.off('exit', kill);
  };
  for await (const line of createInterface({ input: child.stdout })) {
    if (!/[Rr]eady to accept connections/.test(line)) continue;
    child.stdout.resume();
    return { port, stop };
  }
  await stop();
  throw new Error('redis-server ended');
}
