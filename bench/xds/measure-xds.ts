// A control plane and a number of clients → what each step costs: first sync, one change, a storm of changes, many at once.
import { setTimeout as delay } from 'node:timers/promises';
import type { Sandbox } from '@meltemi/testkit';
import { median } from '../support/statistics.ts';
import type { Type, Variant } from './ads-client.ts';
import { ClientCrowd } from './client-crowd.ts';
import type { ClientTotals } from './client-process.ts';
import type { ControlPlane } from './control-plane.ts';
import type { MeshSize } from './xds-files.ts';

/** CPU in seconds, time in seconds to the last ACK, bytes that all clients read. */
export interface StepCost {
  readonly cpu: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** `crowd`: the first sync of many. */
export type StepName = 'initial' | 'weight' | 'endpoint' | 'storm' | 'crowd';

export interface VariantCosts {
  readonly steps: Readonly<Partial<Record<StepName, StepCost>>>;
  /** MiB after all steps. */
  readonly memory: number;
  readonly names: Readonly<Record<Type, readonly string[]>>;
  readonly held: ClientTotals['held'];
}

export interface Measurement {
  readonly sandbox: Sandbox;
  readonly size: MeshSize;
  readonly variant: Variant;
  readonly clients: number;
  readonly rounds: number;
  /** Length of the storm in seconds; 0: none. */
  readonly stormSeconds: number;
  readonly steps: readonly StepName[];
}

/** Changes a second in the storm. */
const STORM_RATE = 50;
const QUIET_MS = 500;
/** What an idle control plane may use in QUIET_MS. */
const IDLE_CPU_S = 0.01;
const QUIET_DEADLINE_MS = 20_000;

/** The numbers of changes go on over measurements: no client may take an old one for a new one. */
const changes = { endpoint: 0, weight: 0 };

export async function measureVariant(plane: ControlPlane, measurement: Measurement): Promise<VariantCosts> {
  const { sandbox, clients, variant, size, rounds, steps } = measurement;
  await quiet(plane);
  const crowd = await ClientCrowd.start(sandbox, clients);
  try {
    const cost: Partial<Record<StepName, StepCost>> = {};
    const order = { host: '127.0.0.1', port: plane.port, variant, size, from: 0, to: clients };
    cost[steps.includes('crowd') ? 'crowd' : 'initial'] = await step(plane, crowd, () => crowd.connect(order));
    if (steps.includes('weight')) cost.weight = await repeated(rounds, () => changeWeight(plane, crowd));
    if (steps.includes('endpoint')) cost.endpoint = await repeated(rounds, () => changeEndpoint(plane, crowd));
    if (steps.includes('storm')) cost.storm = await storm(plane, crowd, measurement.stormSeconds);
    const { names, held } = await crowd.totals();
    return { steps: cost, memory: plane.memory(), names, held };
  } finally {
    await crowd.stop();
  }
}

async function step(plane: ControlPlane, crowd: ClientCrowd, act: () => Promise<number>): Promise<StepCost> {
  const { bytes } = await crowd.totals();
  const cpu = plane.cpu();
  const began = now();
  const ended = await act();
  await quiet(plane);
  return { cpu: plane.cpu() - cpu, seconds: (ended - began) / 1000, bytes: (await crowd.totals()).bytes - bytes };
}

function changeWeight(plane: ControlPlane, crowd: ClientCrowd): Promise<StepCost> {
  const change = ++changes.weight;
  return step(plane, crowd, () => {
    plane.files.changeWeight(change);
    return crowd.reached('weight', change);
  });
}

function changeEndpoint(plane: ControlPlane, crowd: ClientCrowd): Promise<StepCost> {
  const change = ++changes.endpoint;
  return step(plane, crowd, () => {
    plane.files.changeEndpoint(change);
    return crowd.reached('endpoint', change);
  });
}

/** `seconds`: the 99th percentile of the time from the write of a change to the last ACK of it. */
async function storm(plane: ControlPlane, crowd: ClientCrowd, seconds: number): Promise<StepCost> {
  const waits: Promise<number>[] = [];
  const cost = await step(plane, crowd, async () => {
    const began = now();
    for (let index = 0; index < seconds * STORM_RATE; index++) {
      await delay(Math.max(0, began + (index * 1000) / STORM_RATE - now()));
      const change = ++changes.endpoint;
      const written = now();
      plane.files.changeEndpoint(change);
      waits.push(crowd.reached('endpoint', change).then((at) => at - written));
    }
    await Promise.all(waits);
    return now();
  });
  const sorted = (await Promise.all(waits)).toSorted((a, b) => a - b);
  return { ...cost, seconds: sorted[Math.floor(sorted.length * 0.99)]! / 1000 };
}

async function repeated(rounds: number, measure: () => Promise<StepCost>): Promise<StepCost> {
  const all: StepCost[] = [];
  for (let round = 0; round < rounds; round++) all.push(await measure());
  const of = (key: keyof StepCost) => median(all.map((cost) => cost[key]));
  return { cpu: of('cpu'), seconds: of('seconds'), bytes: of('bytes') };
}

/** What it does later for a step belongs to the step. */
async function quiet(plane: ControlPlane): Promise<void> {
  const deadline = now() + QUIET_DEADLINE_MS;
  for (let before = plane.cpu(); now() < deadline;) {
    await delay(QUIET_MS);
    const after = plane.cpu();
    if (after - before < IDLE_CPU_S) return;
    before = after;
  }
}

function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
