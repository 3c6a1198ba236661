// `./mesh bench xds [STEP…]`: what pilot-discovery costs beside a real istiod on the same files; a table, and JSON.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Sandbox } from '@meltemi/testkit';
import type { Variant } from './xds/ads-client.ts';
import { differences } from './xds/compare-resources.ts';
import { type ControlPlaneStarter, istiod, meltemi } from './xds/control-plane.ts';
import { measureVariant, type StepName } from './xds/measure-xds.ts';
import { costTable, type SideCosts } from './xds/report-xds.ts';
import type { MeshSize } from './xds/xds-files.ts';

const STEPS: readonly StepName[] = ['initial', 'weight', 'endpoint', 'storm'];
const root = dirname(import.meta.dirname);

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Where the results go as JSON. */
    out: { type: 'string', default: join(root, 'dist/bench/xds.json') },
    /** Several sizes, separated by commas, give the curve. */
    services: { type: 'string', default: '1000' },
    endpoints: { type: 'string', default: '10' },
    namespaces: { type: 'string', default: '10' },
    clients: { type: 'string', default: '100' },
    variants: { type: 'string', default: 'delta,sotw' },
    rounds: { type: 'string', default: '3' },
    /** Of the storm. */
    seconds: { type: 'string', default: '60' },
    /** `meltemi`, `istiod`, or both. */
    sides: { type: 'string', default: 'meltemi,istiod' },
    /** A bundle of our programs to measure, instead of the sources as they are. */
    bundle: { type: 'string' },
    /** Another bundle to measure beside it: what was before a change. */
    against: { type: 'string' },
    /** A folder for CPU profiles of our side. */
    profile: { type: 'string' },
  },
});
const unknown = positionals.filter((name) => !STEPS.includes(name as StepName));
const steps = positionals.length > 0 ? (positionals as StepName[]) : STEPS;

if (unknown.length > 0) {
  process.stderr.write(`no step ${unknown.join(', ')}; there are: ${STEPS.join(', ')}\n`);
  process.exitCode = 64;
} else {
  await measureAll();
}

async function measureAll(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-xds-'));
  const results: object[] = [];
  try {
    const starters = await sides(directory);
    for (const services of numbers(flags.services)) {
      for (const clients of numbers(flags.clients)) {
        const size = { services, endpoints: Number(flags.endpoints), namespaces: Number(flags.namespaces) };
        results.push(...(await measureSize(starters, size, clients)));
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  mkdirSync(dirname(flags.out), { recursive: true });
  writeFileSync(flags.out, `${JSON.stringify(results, null, 2)}\n`);
}

async function sides(directory: string): Promise<readonly ControlPlaneStarter[]> {
  const wanted = flags.sides.split(',');
  const bundle = flags.bundle ?? (await bundleSources(join(directory, 'bundle')));
  return [
    ...(wanted.includes('meltemi') ? [meltemi('meltemi', bundle, flags.profile)] : []),
    ...(wanted.includes('istiod') ? [istiod()] : []),
    ...(flags.against === undefined ? [] : [meltemi('before', flags.against)]),
  ];
}

/** A control plane is measured alone, in a sandbox of its own. */
async function measureSize(
  starters: readonly ControlPlaneStarter[],
  size: MeshSize,
  clients: number,
): Promise<readonly object[]> {
  const measured = new Map<Variant, SideCosts[]>();
  for (const start of starters) {
    const sandbox = await Sandbox.start();
    try {
      for (const variant of flags.variants.split(',') as Variant[]) {
        const plane = await start({ sandbox, size });
        process.stderr.write(`${plane.name}, ${variant}, ${size.services} services, ${clients} clients …\n`);
        const rounds = Number(flags.rounds);
        const stormSeconds = Number(flags.seconds);
        const wish = { sandbox, size, variant, clients, rounds, stormSeconds, steps };
        const costs = await measureVariant(plane, wish);
        measured.set(variant, [...(measured.get(variant) ?? []), { name: plane.name, costs }]);
        await plane.stop();
      }
    } finally {
      await sandbox.close();
    }
  }
  return [...measured].map(([variant, all]) => report(variant, all, size, clients));
}

function report(variant: Variant, all: readonly SideCosts[], size: MeshSize, clients: number): object {
  const title = `${variant}, ${size.services} services × ${size.endpoints} endpoints in ${size.namespaces} namespaces, ${clients} clients`;
  const [ours, theirs] = all;
  const different = ours && theirs ? differences(ours.costs, theirs.costs) : [];
  process.stdout.write(costTable(title, all));
  for (const line of different) process.stdout.write(`DIFFERENT: ${line}\n`);
  process.stdout.write('\n');
  if (different.length > 0) process.exitCode = 1;
  const sides = all.map(({ name, costs: { steps: cost, memory, held } }) => ({ name, cost, memory, held }));
  return { variant, size, clients, sides, different };
}

function numbers(text: string): readonly number[] {
  return text.split(',').map(Number);
}

async function bundleSources(target: string): Promise<string> {
  await promisify(execFile)(process.execPath, [join(root, 'tools/bundle.ts'), target]);
  return target;
}
