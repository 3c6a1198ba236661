// Two sidecars with mutual TLS between them under mixed traffic and changing configuration, for a time → what failed and what grew.
import { setTimeout as after } from 'node:timers/promises';
import { freePorts } from '../../test/support/free-ports.ts';
import { AdsServer } from './ads-server.ts';
import { type Application, startApplication } from './application.ts';
import { Churn, type ChurnCounts } from './churn.ts';
import { RotatingIdentity } from './rotating-identity.ts';
import { type Sample, Sidecar } from './sidecar.ts';
import type { SoakPorts } from './sidecar-config.ts';
import { Traffic, type TrafficCounts } from './traffic.ts';

export interface SoakOptions {
  readonly seconds: number;
  /** For configuration, certificates and logs. */
  readonly directory: string;
  readonly onProgress?: (line: string) => void;
}

export interface SoakResult {
  readonly seconds: number;
  readonly traffic: TrafficCounts;
  readonly mirrored: number;
  readonly churn: ChurnCounts;
  readonly rotations: number;
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** What a sidecar refused, or broke. */
  readonly troubles: readonly string[];
}

const ROTATION_MS = 3000;
const SAMPLES = 120;
const MIN_SAMPLE_MS = 2000;
/** For mirrored requests that are on their way. */
const SETTLE_MS = 1000;

export async function runSoak({ seconds, directory, onProgress }: SoakOptions): Promise<SoakResult> {
  const app = await startApplication();
  const control = { outbound: new AdsServer(), inbound: new AdsServer() };
  const sidecars: Sidecar[] = [];
  try {
    const ports = await soakPorts(app);
    const identity = new RotatingIdentity(directory);
    const churn = new Churn({ ports, identity, ...control });
    await churn.begin();
    for (const name of ['inbound', 'outbound'] as const) {
      sidecars.push(await Sidecar.start({ name, directory, controlPort: await control[name].start() }));
    }
    const traffic = new Traffic(ports);
    const samples = new Map<string, Sample[]>(sidecars.map(({ name }) => [name, []]));
    const end = new AbortController();
    const troubles: string[] = [];
    const note = (error: Error) => void troubles.push(error.message);
    const jobs = [
      traffic.run(end.signal),
      churn.run(end.signal).catch(note),
      rotate(identity, end.signal),
      measure(sidecars, samples, seconds, end.signal, () => onProgress?.(progress(traffic, samples))).catch(note),
    ];
    await after(seconds * 1000);
    end.abort();
    await Promise.all(jobs);
    await after(SETTLE_MS);
    troubles.push(...control.outbound.refusals, ...control.inbound.refusals);
    for (const sidecar of sidecars) {
      if (!(await sidecar.stop())) troubles.push(`${sidecar.name} did not drain and end`);
    }
    return {
      seconds,
      traffic: traffic.counts(),
      mirrored: app.shadows(),
      churn: churn.counts,
      rotations: identity.rotations,
      samples,
      troubles,
    };
  } finally {
    await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
    await Promise.all([control.outbound.kill(), control.inbound.kill(), app.close()]);
  }
}

async function soakPorts(app: Application): Promise<SoakPorts> {
  const [http, tcp, secureHttp, secureTcp] = (await freePorts(4)) as [number, number, number, number];
  return { http, tcp, secureHttp, secureTcp, app: app.http, appGrpc: app.grpc, appTcp: app.tcp };
}

async function rotate(identity: RotatingIdentity, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await after(ROTATION_MS, undefined, { signal }).catch(() => {});
    identity.rotate();
  }
}

async function measure(
  sidecars: readonly Sidecar[],
  samples: ReadonlyMap<string, Sample[]>,
  seconds: number,
  signal: AbortSignal,
  onSampled: () => void,
): Promise<void> {
  const started = performance.now();
  const pause = Math.max(MIN_SAMPLE_MS, (seconds * 1000) / SAMPLES);
  while (!signal.aborted) {
    for (const sidecar of sidecars) {
      samples.get(sidecar.name)!.push(await sidecar.sample((performance.now() - started) / 1000));
    }
    onSampled();
    await after(pause, undefined, { signal }).catch(() => {});
  }
}

function progress(traffic: Traffic, samples: ReadonlyMap<string, readonly Sample[]>): string {
  const { sent, failed, failures } = traffic.counts();
  const total = [...sent.values()].reduce((sum, count) => sum + count, 0);
  const states = [...samples].map(([name, [...all]]) => {
    const { rss, heap, files, timers } = all.at(-1)!;
    return `${name} rss ${rss.toFixed(0)} heap ${heap.toFixed(1)} files ${files} timers ${timers}`;
  });
  return [`${total} sent, ${failed} failed`, ...states, ...failures.slice(-1)].join('; ');
}
