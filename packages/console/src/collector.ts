// Looks at the whole mesh, each second while somebody watches and seldom else: metrics of all sidecars, words of the control plane.
import type { Clock, Logger, Problem, Timer } from '@meltemi/base';
import { parsePrometheus, type PrometheusSample } from '@meltemi/telemetry';
import type { MeshMembers, MeshSource } from './mesh-source.ts';
import { countSamples } from './traffic/count-samples.ts';
import { CounterIncreases } from './traffic/increases.ts';
import { TrafficStore } from './traffic/traffic-store.ts';
import type { ConfigzObject, ControlPlaneSaid, SyncedProxy } from './views/config-view.ts';
import type { SidecarsView } from './views/views.ts';

const WATCHED_MS = 1_000;
const UNWATCHED_MS = 10_000;
const ANSWER_MS = 2_000;
/** Requests and connections that a sidecar has counted together, for its budget of label sets was used up. */
const ROLLED_UP = 'envoy_istio_stats_rolled_up_total';
const METRICS_PATH = '/stats/prometheus?filter=istio_';

const NO_MEMBERS: MeshMembers = {
  workloads: [],
  controlPlane: { http: '', metrics: '' },
  problems: [],
  configDirectory: '/',
  stateDirectory: '/',
};

/** Emits to those who watch after each look. */
export class Collector {
  readonly traffic = new TrafficStore();
  readonly #source: MeshSource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #increases = new CounterIncreases();
  readonly #watchers = new Set<() => void>();
  #timer: Timer | undefined;
  #lookedAt: number | undefined;
  #members = NO_MEMBERS;
  #said: ControlPlaneSaid = { objects: [], problems: [], proxies: [] };
  #controlPlaneAnswers = false;
  #sidecars: SidecarsView = { known: 0, answering: 0, rolledUp: 0 };

  constructor(source: MeshSource, clock: Clock, logger: Logger) {
    this.#source = source;
    this.#clock = clock;
    this.#logger = logger;
    this.#lookSoon(0);
  }

  get members(): MeshMembers {
    return this.#members;
  }

  get said(): ControlPlaneSaid {
    return this.#said;
  }

  get controlPlaneAnswers(): boolean {
    return this.#controlPlaneAnswers;
  }

  get sidecars(): SidecarsView {
    return this.#sidecars;
  }

  /** Of the last look; of the first, when there was none yet. */
  get now(): number {
    return this.#lookedAt ?? this.#clock.now();
  }

  /** Calls back after each look, until the result is called. */
  watch(callback: () => void): () => void {
    this.#watchers.add(callback);
    if (this.#watchers.size === 1) this.#lookSoon(0);
    return () => void this.#watchers.delete(callback);
  }

  close(): void {
    this.#timer?.cancel();
    this.#watchers.clear();
  }

  #lookSoon(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => {
      const began = this.#clock.now();
      void this.#look()
        .catch((error: unknown) => this.#logger.warn(`looking at the mesh failed: ${String(error)}`))
        .finally(() => {
          const wait = this.#watchers.size > 0 ? WATCHED_MS : UNWATCHED_MS;
          this.#lookSoon(Math.max(0, began + wait - this.#clock.now()));
        });
    });
  }

  async #look(): Promise<void> {
    this.#members = this.#source() ?? NO_MEMBERS;
    await Promise.all([this.#lookAtTraffic(), this.#watchers.size > 0 && this.#askControlPlane()]);
    for (const watcher of this.#watchers) watcher();
  }

  async #lookAtTraffic(): Promise<void> {
    const time = this.#clock.now();
    const { workloads } = this.#members;
    const answers = await Promise.all(workloads.map(({ admin }) => metricsOf(admin)));
    const risen = answers.flatMap((samples, index) =>
      samples ? this.#increases.since(workloads[index]!.admin, samples) : [],
    );
    for (const { admin, state } of workloads) if (state !== 'running') this.#increases.begin(admin);
    this.#increases.keep(new Set(workloads.map(({ admin }) => admin)));
    const answering = answers.filter((samples) => samples !== undefined).length;
    this.#sidecars = { known: workloads.length, answering, rolledUp: rolledUpIn(answers) };
    if (this.#lookedAt !== undefined)
      this.traffic.add({ time, seconds: (time - this.#lookedAt) / 1000 }, countSamples(risen));
    this.#lookedAt = time;
  }

  async #askControlPlane(): Promise<void> {
    const { http } = this.#members.controlPlane;
    const ask = (page: string) => askJson(`http://${http}/debug/${page}`);
    const [objects, problems, proxies] = await Promise.all(['configz', 'problems', 'syncz'].map(ask));
    this.#controlPlaneAnswers = objects !== undefined && problems !== undefined && proxies !== undefined;
    this.#said = {
      objects: (objects as readonly ConfigzObject[] | undefined) ?? this.#said.objects,
      problems: (problems as readonly Problem[] | undefined) ?? this.#said.problems,
      proxies: (proxies as readonly SyncedProxy[] | undefined) ?? [],
    };
  }
}

/** Undefined: it does not answer, or not in the format. */
async function metricsOf(admin: string): Promise<readonly PrometheusSample[] | undefined> {
  try {
    const response = await fetch(`http://${admin}${METRICS_PATH}`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return response.ok ? parsePrometheus(await response.text()) : undefined;
  } catch {
    return undefined;
  }
}

async function askJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

function rolledUpIn(answers: readonly (readonly PrometheusSample[] | undefined)[]): number {
  const samples = answers.flatMap((answer) => answer ?? []);
  return samples.filter(({ name }) => name === ROLLED_UP).reduce((sum, { value }) => sum + value, 0);
}
