// Cost of Mixer: CPU of a Check over gRPC with 100 in flight, of a report's record, and of a hit in the client's cache.
// Run: node bench/mixer-check.ts
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { create } from '@bufbuild/protobuf';
import { CheckRequestSchema } from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { systemClock } from '@meltemi/base';
import {
  AttributeBag,
  compressAttributes,
  encodeReports,
  GLOBAL_WORDS,
  MANIFEST_1_0_3,
  MixerClient,
  type MixerTransport,
  mixerTransport,
  type Value,
  Vocabulary,
} from '@meltemi/policy';

import { cpuMicroseconds } from './support/cpu-time.ts';
import { median } from './support/statistics.ts';

const IN_FLIGHT = 100;
const CALLS = 4000;
const RECORDS = 100;
const HITS = 200_000;
const ROUNDS = 5;

/** Ten attributes are read: five of the request, five labels. */
const POLICY = `
apiVersion: config.istio.io/v1alpha2
kind: denier
metadata: {name: no, namespace: istio-system}
spec: {status: {code: 7}}
---
apiVersion: config.istio.io/v1alpha2
kind: checknothing
metadata: {name: all, namespace: istio-system}
spec: {}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: deny, namespace: istio-system}
spec:
  match: >-
    request.method == "GET" && request.scheme == "http" && request.host == "shop" && context.protocol == "http" &&
    destination.service == "reviews.default.svc.cluster.local" && source.labels["a"] == "1" &&
    source.labels["b"] == "2" && source.labels["c"] == "3" && source.labels["d"] == "4" && source.labels["e"] == "x"
  actions: [{handler: no.denier, instances: [all.checknothing]}]
---
apiVersion: config.istio.io/v1alpha2
kind: prometheus
metadata: {name: count, namespace: istio-system}
spec:
  metrics: [{name: requests_total, instanceName: requestcount.metric.istio-system, kind: COUNTER, labelNames: [code, to]}]
---
apiVersion: config.istio.io/v1alpha2
kind: metric
metadata: {name: requestcount, namespace: istio-system}
spec: {value: '1', dimensions: {code: response.code | 200, to: destination.service | "unknown"}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: metrics, namespace: istio-system}
spec: {actions: [{handler: count.prometheus, instances: [requestcount.metric]}]}
`;

const vocabulary = new Vocabulary(MANIFEST_1_0_3);
const folder = mkdtempSync(join(tmpdir(), 'mixer-check-'));
writeFileSync(join(folder, 'policy.yaml'), POLICY);
const program = join(import.meta.dirname, '../bin/mixs.ts');
const flags = ['--configDir', folder, '--port', '0', '--monitoringPort', '0', '--prometheusPort', '0'];
const mixs = spawn(process.execPath, [program, 'server', ...flags], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
try {
  const [{ port }] = (await once(mixs, 'message')) as [{ readonly port: number }];
  const transport = mixerTransport({ host: '127.0.0.1', port }, 60_000, Date.now);
  print('CPU µs of mixs for a Check, 100 in flight', await rounds(() => perCall(mixs, CALLS, () => checks(transport))));
  const records = CALLS * 5;
  print(
    'CPU µs of mixs for a record, reports of 100',
    await rounds(() => perCall(mixs, records, () => reports(transport, records))),
  );
  print('CPU ns for a hit in the cache, 10 references', await cacheHit(transport));
  transport.close();
} finally {
  mixs.kill();
  rmSync(folder, { recursive: true });
}

function attributesOf(index: number): ReadonlyMap<string, Value> {
  const labels = { a: '1', b: '2', c: '3', d: '4', e: '5', app: 'productpage' };
  return new Map<string, Value>([
    ['request.method', 'GET'],
    ['request.scheme', 'http'],
    ['request.host', 'shop'],
    ['request.path', `/reviews/${index}`],
    ['request.size', BigInt(index)],
    [
      'request.headers',
      new Map([
        [':path', `/reviews/${index}`],
        ['user-agent', 'bench'],
        ['x-request-id', `id-${index}`],
      ]),
    ],
    ['context.protocol', 'http'],
    ['destination.service', 'reviews.default.svc.cluster.local'],
    ['source.labels', new Map(Object.entries(labels))],
    ['source.ip', Uint8Array.of(10, 0, 0, index % 256)],
    ['response.code', index % 10 === 0 ? 503n : 200n],
  ]);
}

async function checks(transport: MixerTransport): Promise<void> {
  let sent = 0;
  const caller = async (): Promise<void> => {
    while (sent < CALLS) {
      const attributes = compressAttributes(attributesOf(sent++));
      await transport.check(create(CheckRequestSchema, { attributes, globalWordCount: GLOBAL_WORDS.length }));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
}

async function reports(transport: MixerTransport, records: number): Promise<void> {
  for (let sent = 0; sent < records; sent += RECORDS) {
    const requests = Array.from({ length: RECORDS }, (_, index) => attributesOf(sent + index));
    await Promise.all(encodeReports(requests).map((report) => transport.report(report)));
  }
}

async function perCall(server: ChildProcess, calls: number, work: () => Promise<void>): Promise<number> {
  const before = cpuMicroseconds(server.pid!);
  await work();
  return (cpuMicroseconds(server.pid!) - before) / calls;
}

/** Requests differ in what the verdict does not depend on. */
async function cacheHit(transport: MixerTransport): Promise<number> {
  const client = new MixerClient({
    transport,
    clock: systemClock(),
    name: 'bench',
    failOpen: false,
    lostReports: () => {},
  });
  const bags = Array.from({ length: 256 }, (_, index) => AttributeBag.of(vocabulary, attributesOf(index)));
  return rounds(async () => {
    let allowed = 0;
    const start = process.cpuUsage();
    for (let index = 0; index < HITS; index++) {
      const verdict = client.check(bags[index & 255]!);
      if ((verdict instanceof Promise ? await verdict : verdict).code === 0) allowed++;
    }
    const { user, system } = process.cpuUsage(start);
    if (allowed !== HITS) throw new Error(`${HITS - allowed} checks were refused`);
    return ((user + system) * 1000) / HITS;
  });
}

/** The median of several, after one that warms up. */
async function rounds(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) values.push(await measure());
  return median(values.slice(1));
}

function print(what: string, value: number): void {
  process.stdout.write(`${value.toFixed(1).padStart(8)}  ${what}\n`);
}
