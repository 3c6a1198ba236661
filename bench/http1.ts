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
import { type RunningRival, startRival } from './support/rival.ts';
import { type Estimate, estimate, median } from './support/statistics.ts';

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

interface Row {
  readonly name: string;
  /** CPU-microseconds per request, median. */
  readonly cpu: number;
  /** Requests a second of the window, median. */
  readonly rate: number;
  /** Of the paired ratios to Envoy. */
  readonly toEnvoy: Estimate;
}

const directory = mkdtempSync(join(tmpdir(), 'bench-'));
const scope = new Scope();
scope.defer(() => rmSync(directory, { recursive: true, force: true }));
try {
  const rows = await measure();
  process.stdout.write(flags.json ? `${JSON.stringify(report(rows), null, 2)}\n` : table(rows));
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
  return sum(runners, await rounds(runners));
}

/** Every round measures all in turn, the next one in the opposite order. */
async function rounds(runners: readonly RunningRival[]): Promise<readonly ReadonlyMap<string, Window>[]> {
  const results: ReadonlyMap<string, Window>[] = [];
  for (let round = 0; round < Number(flags.pairs); round++) {
    const order = round % 2 === 0 ? runners : [...runners].reverse();
    const result = new Map<string, Window>();
    for (const runner of order) result.set(runner.name, await window(runner, Number(flags.seconds)));
    results.push(result);
    if (!flags.json) process.stderr.write(`round ${round + 1} of ${flags.pairs}\n`);
  }
  return results;
}

interface Window {
  readonly cpu: number;
  readonly rate: number;
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

function sum(runners: readonly RunningRival[], results: readonly ReadonlyMap<string, Window>[]): readonly Row[] {
  return runners.map(({ name }) => ({
    name,
    cpu: median(results.map((result) => result.get(name)!.cpu)),
    rate: median(results.map((result) => result.get(name)!.rate)),
    toEnvoy: estimate(results.map((result) => result.get(name)!.cpu / result.get('envoy')!.cpu)),
  }));
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

function table(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) =>
    `${cells[0]!.padEnd(10)}${cells
      .slice(1)
      .map((cell) => cell.padStart(18))
      .join('')}\n`;
  const ratio = ({ median, low, high }: Estimate) => `${median.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`;
  return [
    line(['proxy', 'CPU µs/request', 'requests/s', 'of Envoy [95 %]']),
    ...rows.map((row) => line([row.name, row.cpu.toFixed(1), row.rate.toFixed(0), ratio(row.toEnvoy)])),
    `${flags.pairs} rounds of ${flags.seconds} s, ${flags.connections} connections, 64-byte body, keep-alive; one worker each on CPU ${PROXY_CPU}, load on CPU ${LOAD_CPU}\n`,
  ].join('');
}
