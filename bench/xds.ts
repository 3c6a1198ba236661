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
import { costTable, type CurvePoint, curveTable, type SideCosts } from './xds/report-xds.ts';
import type { MeshSize } from './xds/xds-files.ts';

const STEPS: readonly StepName[] = ['initial', 'weight', 'endpoint', 'storm', 'crowd'];
/** Of ours alone: what one change costs as services grow, and as clients grow. */
const CURVE: readonly { readonly services: number; readonly clients: number }[] = [
  ...[100, 1000, 3000, 10_000].map((services) => ({ services, clients: 10 })),
  ...[100, 500, 2000].map((clients) => ({ services: 100, clients })),
];
const root = dirname(import.meta.dirname);

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Where the results go as JSON. */
    out: { type: 'string', default: join(root, 'dist/bench/xds.json') },
    /** Several sizes may be given, separated by commas. */
    services: { type: 'string', default: '1000' },
    endpoints: { type: 'string', default: '10' },
    namespaces: { type: 'string', default: '10' },
    clients: { type: 'string', default: '100' },
    variants: { type: 'string', default: 'delta,sotw' },
    rounds: { type: 'string', default: '3' },
    /** Of the storm. */
    seconds: { type: 'string', default: '20' },
    /** How many connect at once, and to a mesh of how many services. */
    crowd: { type: 'string', default: '1000' },
    crowdServices: { type: 'string', default: '100' },
    /** What one change costs ours as the mesh grows, in place of all else. */
    curve: { type: 'boolean', default: false },
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
    if (flags.curve) results.push(...(await measureCurve(starters)));
    else results.push(...(await measureSizes(starters)));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  mkdirSync(dirname(flags.out), { recursive: true });
  writeFileSync(flags.out, `${JSON.stringify(results, null, 2)}\n`);
}

async function measureSizes(starters: readonly ControlPlaneStarter[]): Promise<readonly object[]> {
  const results: object[] = [];
  const alone = steps.filter((step) => step !== 'crowd');
  for (const services of alone.length > 0 ? numbers(flags.services) : []) {
    for (const clients of numbers(flags.clients)) {
      results.push(...(await measureSize(starters, { size: sizeOf(services), clients, steps: alone })));
    }
  }
  if (!steps.includes('crowd')) return results;
  const crowd = { size: sizeOf(Number(flags.crowdServices)), clients: Number(flags.crowd), steps: ['crowd'] as const };
  return [...results, ...(await measureSize(starters, crowd))];
}

/** Of the first side, with delta clients. */
async function measureCurve(starters: readonly ControlPlaneStarter[]): Promise<readonly CurvePoint[]> {
  const points: CurvePoint[] = [];
  try {
    for (const { services, clients } of CURVE) {
      const wish = { size: sizeOf(services), clients, steps: ['weight', 'endpoint'] as const };
      const measured = await measureSide(starters[0]!, wish, ['delta']);
      points.push({ services, clients, costs: measured.get('delta')!.costs });
    }
  } finally {
    // Where the machine is too small for one, those before it are not lost.
    process.stdout.write(curveTable(points));
  }
  return points;
}

function sizeOf(services: number): MeshSize {
  return { services, endpoints: Number(flags.endpoints), namespaces: Number(flags.namespaces) };
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

interface Wish {
  readonly size: MeshSize;
  readonly clients: number;
  readonly steps: readonly StepName[];
}

async function measureSize(starters: readonly ControlPlaneStarter[], wish: Wish): Promise<readonly object[]> {
  const variants = flags.variants.split(',') as Variant[];
  const measured: ReadonlyMap<Variant, SideCosts>[] = [];
  for (const start of starters) measured.push(await measureSide(start, wish, variants));
  return variants.map((variant) => {
    const all = measured.flatMap((side) => side.get(variant) ?? []);
    return report(variant, all, wish);
  });
}

/** A control plane is measured alone, in a sandbox of its own. */
async function measureSide(
  start: ControlPlaneStarter,
  { size, clients, steps: wanted }: Wish,
  variants: readonly Variant[],
): Promise<ReadonlyMap<Variant, SideCosts>> {
  const measured = new Map<Variant, SideCosts>();
  const sandbox = await Sandbox.start();
  try {
    for (const variant of variants) {
      const plane = await start({ sandbox, size });
      process.stderr.write(`${plane.name}, ${variant}, ${size.services} services, ${clients} clients …\n`);
      const rounds = Number(flags.rounds);
      const stormSeconds = Number(flags.seconds);
      const measurement = { sandbox, size, variant, clients, rounds, stormSeconds, steps: wanted };
      measured.set(variant, { name: plane.name, costs: await measureVariant(plane, measurement) });
      await plane.stop();
    }
  } finally {
    await sandbox.close();
  }
  return measured;
}

function report(variant: Variant, all: readonly SideCosts[], { size, clients }: Wish): object {
  const title = `${variant}, ${size.services} services × ${size.endpoints} endpoints in ${size.namespaces} namespaces, ${clients} clients`;
  const [ours, theirs] = all;
  const different = ours && theirs ? differences(ours.costs, theirs.costs) : [];
  process.stdout.write(costTable(title, variant, all));
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
