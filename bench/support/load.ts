// Makes load on CPU 1 and tells what came back: wrk, h2load, and our own generator for what they can't.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOAD_CPU } from './program.ts';
import { component } from './programs.ts';

const run = promisify(execFile);

export interface Load {
  readonly requests: number;
  readonly seconds: number;
}

export interface WrkOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly path?: string;
  readonly headers?: readonly string[];
  /** A Lua file that makes the requests. */
  readonly script?: string;
}

/** HTTP/1.1 as fast as answers come. Rejects unless every answer is of the 2xx. */
export async function wrk(port: number, options: WrkOptions): Promise<Load> {
  const { connections, seconds, path = '/', headers = [], script } = options;
  const more = [...(script === undefined ? [] : ['-s', script]), ...headers.flatMap((header) => ['-H', header])];
  const load = ['-t1', `-c${connections}`, `-d${seconds}s`, ...more, `http://127.0.0.1:${port}${path}`];
  const stdout = await onLoadCpu(component('MELTEMI_WRK'), load);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (!(requests > 0) || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`port ${port} failed:\n${stdout}`);
  return { requests, seconds };
}

export interface H2loadOptions {
  readonly connections: number;
  readonly streams: number;
  readonly seconds: number;
  readonly path?: string;
  readonly headers?: readonly string[];
  /** A file to send as the body. */
  readonly body?: string;
}

/** HTTP/2 without TLS. Rejects unless every answer is of the 2xx. */
export async function h2load(port: number, options: H2loadOptions): Promise<Load> {
  const { connections, streams, seconds, path = '/', headers = [], body } = options;
  const more = [...headers.flatMap((header) => ['-H', header]), ...(body === undefined ? [] : ['-d', body])];
  const load = ['-t1', `-c${connections}`, `-m${streams}`, '-D', String(seconds), ...more];
  const stdout = await onLoadCpu(component('MELTEMI_H2LOAD'), [...load, `http://127.0.0.1:${port}${path}`]);
  const [, requests = 0, failed = -1] = (/ (\d+) succeeded, (\d+) failed/.exec(stdout) ?? []).map(Number);
  const good = Number(/status codes: (\d+) 2xx/.exec(stdout)?.[1]);
  if (!(requests > 0) || failed !== 0 || good < requests) throw new Error(`port ${port} failed:\n${stdout}`);
  return { requests, seconds };
}

/** Latencies in microseconds, from the moment a request was due. */
export interface PacedLoad extends Load {
  readonly failures: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Our own generator, once it is built. */
export interface Generator {
  /** HTTP/1.1 at a fixed rate, whatever the answers do. Rejects when one fails. */
  paced(port: number, rate: number, connections: number, seconds: number): Promise<PacedLoad>;
  /** New TLS 1.3 connections with a client certificate and one request each. Rejects when one fails. */
  handshakes(port: number, certificate: string, key: string, seconds: number): Promise<Load>;
  /** Bytes to `port` and back, half each way; accepted from the proxy at `sink`. Rejects when they come out wrong. */
  bulk(port: number, sink: number, bytes: number): Promise<Load>;
}

/** Builds it from bench/load into the directory. */
export async function buildGenerator(directory: string): Promise<Generator> {
  const program = join(directory, 'load');
  const env = { ...process.env, GOFLAGS: '-buildvcs=false' };
  await run('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, '../load'), env });
  const generate = async (args: readonly (string | number)[]): Promise<PacedLoad> => {
    const answer = JSON.parse(await onLoadCpu(program, args.map(String))) as PacedLoad;
    if (answer.failures !== 0) throw new Error(`${args[0]}: ${answer.failures} requests were not answered`);
    return answer;
  };
  const to = (port: number) => ['-address', `127.0.0.1:${port}`];
  return {
    paced: (port, rate, connections, seconds) =>
      generate(['paced', ...to(port), '-rate', rate, '-connections', connections, '-seconds', seconds]),
    handshakes: (port, certificate, key, seconds) =>
      generate(['handshakes', ...to(port), '-certificate', certificate, '-key', key, '-seconds', seconds]),
    bulk: (port, sink, bytes) => generate(['bulk', ...to(port), '-sink', `127.0.0.1:${sink}`, '-bytes', bytes]),
  };
}

async function onLoadCpu(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run('taskset', ['-c', String(LOAD_CPU), program, ...args]);
  return stdout;
}
