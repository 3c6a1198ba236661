// `./mesh bench proxy [CASE…]`: what the sidecar costs beside Envoy with the same configuration, one worker each; a table, and JSON.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Scope } from '@meltemi/base';
import { grpc, h2c, http1Large, http1Small, paced } from './proxy/http.ts';
import { latency } from './proxy/latency.ts';
import { manyClusters, manyRoutes } from './proxy/many.ts';
import { handshakes, twoHops } from './proxy/mutual-tls.ts';
import { policy, rules } from './proxy/policy.ts';
import { tcp } from './proxy/tcp.ts';
import type { BenchCase } from './support/bench-case.ts';
import { bundleSources } from './support/bundle-sources.ts';
import { Lab } from './support/lab.ts';
import { buildGenerator, type Generator } from './support/load.ts';
import { type CaseResult, measureCase } from './support/paired.ts';
import { envoy, meltemi } from './support/programs.ts';
import { resultTable } from './support/report.ts';

const CASES: readonly BenchCase[] = [
  http1Small,
  http1Large,
  paced,
  twoHops,
  manyRoutes,
  h2c,
  grpc,
  policy,
  rules,
  tcp,
  handshakes,
  latency,
  manyClusters,
];
const root = dirname(import.meta.dirname);

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Where the results go as JSON. */
    out: { type: 'string', default: join(root, 'dist/bench/proxy.json') },
    rounds: { type: 'string', default: '5' },
    /** Of a window. */
    seconds: { type: 'string', default: '2' },
    /** A bundle of our programs to measure, instead of the sources as they are. */
    bundle: { type: 'string' },
    /** Another bundle to measure beside it: what was before a change. */
    against: { type: 'string' },
    /** A folder for CPU profiles of our side. */
    profile: { type: 'string' },
  },
});
const chosen = CASES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((wanted) => !CASES.some(({ name }) => name === wanted));
if (unknown.length > 0) {
  process.stderr.write(`no case ${unknown.join(', ')}; there are: ${CASES.map(({ name }) => name).join(', ')}\n`);
  process.exitCode = 64;
} else {
  const results = await measureAll();
  mkdirSync(dirname(flags.out), { recursive: true });
  writeFileSync(flags.out, `${JSON.stringify({ conditions: conditions(), results }, null, 2)}\n`);
  process.stdout.write(`${resultTable(results)}\n${conditions()}\n`);
}

async function measureAll(): Promise<readonly CaseResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  // nginx gives up its rights when root starts it.
  chmodSync(directory, 0o755);
  try {
    const generator = await buildGenerator(directory);
    const bundle = flags.bundle ?? (await bundleSources(join(directory, 'bundle')));
    const results: CaseResult[] = [];
    for (const benchCase of chosen) {
      process.stderr.write(`${benchCase.name} …\n`);
      await measure(benchCase, directory, generator, bundle).then(
        (result) => results.push(result),
        (error: Error) => noteFailure(benchCase, error),
      );
    }
    return results;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The others are measured all the same. */
function noteFailure({ name }: BenchCase, error: Error): void {
  process.stderr.write(`${name} failed: ${error.message}\n`);
  process.exitCode = 1;
}

async function measure(
  benchCase: BenchCase,
  parent: string,
  generator: Generator,
  bundle: string,
): Promise<CaseResult> {
  const directory = join(parent, benchCase.name);
  mkdirSync(directory);
  const scope = new Scope();
  try {
    const lab = new Lab({ directory, scope, generator, seconds: Number(flags.seconds) });
    const before = flags.against === undefined ? [] : [meltemi('before', flags.against)];
    const programs = [meltemi('meltemi', bundle, flags.profile), envoy, ...before];
    return await measureCase(benchCase, lab, programs, Number(flags.rounds));
  } finally {
    await scope.close();
  }
}

function conditions(): string {
  return `${flags.rounds} rounds of ${flags.seconds} s a side, in turn, after a warm-up of 3 s; one worker each on CPU 0, load and upstream on CPU 1; ratio: median of the rounds' ratios, ours to Envoy's; access logs off`;
}
