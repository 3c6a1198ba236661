// Runs a real Zipkin, with spans in memory, for the time of a test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ready } from './ready.ts';

export interface RunningZipkin {
  readonly port: number;
  /** The spans of the traces that it knows, as its API gives them. */
  traces(): Promise<readonly (readonly ZipkinSpan[])[]>;
  stop(): Promise<void>;
}

export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind: 'CLIENT' | 'SERVER';
  readonly name: string;
  readonly localEndpoint: { readonly serviceName: string };
  readonly tags: Readonly<Record<string, string>>;
}

const START_DEADLINE_MS = 60_000;

/** `jar`: the server in one file. Rejects when it is not ready within a minute. It never outlives this process's exit. */
export async function startZipkin(jar: string, port: number): Promise<RunningZipkin> {
  const env = { ...process.env, QUERY_PORT: String(port), STORAGE_TYPE: 'mem' };
  const java = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-jar', jar];
  const child = spawn('java', java, { env, stdio: 'ignore' });
  const exited = once(child, 'exit').catch(() => undefined);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    kill();
    await exited;
    process.off('exit', kill);
  };
  const address = `http://127.0.0.1:${port}`;
  try {
    await ready(`${address}/health`, { name: 'zipkin', exitCode: () => child.exitCode, deadlineMs: START_DEADLINE_MS });
  } catch (error) {
    await stop();
    throw error;
  }
  const traces = async () => (await (await fetch(`${address}/api/v2/traces?limit=100`)).json()) as ZipkinSpan[][];
  return { port, traces, stop };
}
