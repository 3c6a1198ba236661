// `./mesh bench http1`: CPU-microseconds per proxied HTTP/1.1 request, ours beside Envoy, nginx and haproxy.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Scope } from '@meltemi/base';
import { cpuMicroseconds } from './support/cpu-time.ts';
import { backend, envoy, haproxy, nginx, ours } from './support/http1-rivals.ts';
import { measurePaired, pairedTable, type Row, type Window } from './support/paired.ts';
import { type RunningRival, startRival } from './support/rival.ts';

/** Proxies run on CPU 0, load and upstream on CPU 1. */
const PROXY_CPU = 0;
const LOAD_CPU = 1;
const FIRST_PORT = 18_100;

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    pairs: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
  },
});

const directory = mkdtempSync(join(tmpdir(), 'bench-'));
const scope = new Scope();
scope.defer(() => rmSync(directory, { recursive: true, force: true }));
try {
  const rows = await measure();
  process.stdout.write(flags.json ? `${JSON.stringify(report(rows), null, 2)}\n` : pairedTable(rows, conditions()));
} finally {
  await scope.close();
}

async function measure(): Promise<readonly Row[]> {
  const server = await startRival(backend, { listen: FIRST_PORT, upstream: 0, admin: 0 }, directory, LOAD_CPU);
  scope.defer(() => server.stop());
  const runners: RunningRival[] = [];
  for (const [index, rival] of [ours, envoy, nginx, haproxy].entries()) {
    const listen = FIRST_PORT + 1 + index * 2;
    const runner = await startRival(rival, { listen, upstream: FIRST_PORT, admin: listen + 1 }, directory, PROXY_CPU);
    scope.defer(() => runner.stop());
    runners.push(runner);
  }
  const expected = await answer(server.port);
  for (const runner of runners) await checkAnswer(runner, expected);
  for (const runner of runners) await window(runner, 3);
  return measurePaired(
    runners,
    Number(flags.pairs),
    (runner) => window(runner, Number(flags.seconds)),
    (round) => flags.json || process.stderr.write(`round ${round} of ${flags.pairs}\n`),
  );
}

async function window(runner: RunningRival, seconds: number): Promise<Window> {
  const before = cpuMicroseconds(runner.pid);
  const wrk = process.env['MELTEMI_WRK'] ?? 'wrk';
  const args = [
    '-c',
    String(LOAD_CPU),
    wrk,
    '-t1',
    `-c${flags.connections}`,
    `-d${seconds}s`,
    `http://127.0.0.1:${runner.port}/`,
  ];
  const { stdout } = await promisify(execFile)('taskset', args);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (!(requests > 0) || /Non-2xx|Socket errors/.test(stdout))
    throw new Error(`${runner.name} failed under load:\n${stdout}`);
  return { cpu: (cpuMicroseconds(runner.pid) - before) / requests, rate: requests / seconds };
}

async function checkAnswer(runner: RunningRival, expected: string): Promise<void> {
  const got = await answer(runner.port);
  if (got !== expected) throw new Error(`${runner.name} answers ${got}, not ${expected}`);
}

function answer(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/', agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
    }).on('error', reject);
  });
}

function report(rows: readonly Row[]): object {
  return {
    benchmark: 'http1',
    unit: 'CPU microseconds per request',
    connections: Number(flags.connections),
    pairs: Number(flags.pairs),
    secondsPerWindow: Number(flags.seconds),
    rows,
  };
}

function conditions(): string {
  return `${flags.pairs} rounds of ${flags.seconds} s, ${flags.connections} connections, 64-byte body, keep-alive; one worker each on CPU ${PROXY_CPU}, load on CPU ${LOAD_CPU}`;
}
