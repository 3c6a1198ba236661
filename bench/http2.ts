// `./mesh bench http2`: CPU-microseconds per request that comes by HTTP/2 and leaves by HTTP/1.1, ours beside Envoy.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs, promisify } from 'node:util';
import { Scope } from '@meltemi/base';
import { cpuMicroseconds } from './support/cpu-time.ts';
import { backend, envoy, ours } from './support/http1-rivals.ts';
import { measurePaired, pairedTable, type Row, type Window } from './support/paired.ts';
import { type RunningRival, startRival } from './support/rival.ts';

/** Proxies run on CPU 0, load and upstream on CPU 1. */
const PROXY_CPU = 0;
const LOAD_CPU = 1;
const FIRST_PORT = 18_150;
const EXPECTED = '200 0123456789012345678901234567890123456789012345678901234567890123';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    pairs: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '4' },
    streams: { type: 'string', default: '100' },
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
  for (const [index, rival] of [ours, envoy].entries()) {
    const listen = FIRST_PORT + 1 + index * 2;
    const runner = await startRival(rival, { listen, upstream: FIRST_PORT, admin: listen + 1 }, directory, PROXY_CPU);
    scope.defer(() => runner.stop());
    runners.push(runner);
  }
  for (const runner of runners) await checkAnswer(runner);
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
  const h2load = process.env['MELTEMI_H2LOAD'] ?? 'h2load';
  const load = ['-t1', `-c${flags.connections}`, `-m${flags.streams}`, '-D', String(seconds)];
  const args = ['-c', String(LOAD_CPU), h2load, ...load, `http://127.0.0.1:${runner.port}/`];
  const { stdout } = await promisify(execFile)('taskset', args);
  const [, requests = 0, failed = -1] = (/ (\d+) succeeded, (\d+) failed/.exec(stdout) ?? []).map(Number);
  const good = Number(/status codes: (\d+) 2xx/.exec(stdout)?.[1]);
  if (!(requests > 0) || failed !== 0 || good < requests)
    throw new Error(`${runner.name} failed under load:\n${stdout}`);
  return { cpu: (cpuMicroseconds(runner.pid) - before) / requests, rate: requests / seconds };
}

async function checkAnswer({ name, port }: RunningRival): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ':path': '/' });
    let status: number | undefined;
    stream.on('response', (headers) => (status = headers[':status']));
    const body = await text(stream);
    const got = `${status} ${body}`;
    if (got !== EXPECTED) throw new Error(`${name} answers ${got}, not ${EXPECTED}`);
  } finally {
    session.destroy();
  }
}

function report(rows: readonly Row[]): object {
  return {
    benchmark: 'http2',
    unit: 'CPU microseconds per request',
    connections: Number(flags.connections),
    streams: Number(flags.streams),
    pairs: Number(flags.pairs),
    secondsPerWindow: Number(flags.seconds),
    rows,
  };
}

function conditions(): string {
  return `${flags.pairs} rounds of ${flags.seconds} s, ${flags.connections} connections of ${flags.streams} streams, h2c in, HTTP/1.1 out, 64-byte body; one worker each on CPU ${PROXY_CPU}, load on CPU ${LOAD_CPU}`;
}
