// Changes both sidecars' configuration without an end: routes, endpoints, cluster names, listeners, certificates, the control plane itself.
import { setTimeout as after } from 'node:timers/promises';
import type { AdsServer, ResourceSet } from './ads-server.ts';
import type { RotatingIdentity } from './rotating-identity.ts';
import {
  type Generation,
  inboundClusters,
  inboundListeners,
  inboundRoutes,
  outboundClusters,
  outboundEndpoints,
  outboundListeners,
  outboundRoutes,
  type SoakPorts,
  TYPE,
} from './sidecar-config.ts';

export interface ChurnCounts {
  routes: number;
  endpoints: number;
  renames: number;
  listeners: number;
  kills: number;
}

export interface ChurnParts {
  readonly ports: SoakPorts;
  readonly identity: RotatingIdentity;
  readonly outbound: AdsServer;
  readonly inbound: AdsServer;
}

const TICK_MS = 500;
/** In ticks. */
const EVERY = { endpoints: 3, rename: 8, listeners: 20, kill: 30 };
const DOWN_MS = 2000;
/** The server's addresses, one set after the other; each shares one with the next, so that there is always one to go to. */
const PLACES = [[1], [1, 2], [2, 3], [1, 3], [1, 2, 3]];

export class Churn {
  readonly counts: ChurnCounts = { routes: 0, endpoints: 0, renames: 0, listeners: 0, kills: 0 };
  readonly #parts: ChurnParts;
  #generation: Generation = { routes: 0, listeners: 0, clusters: 0, endpoints: PLACES[0]! };

  constructor(parts: ChurnParts) {
    this.#parts = parts;
  }

  /** What the sidecars are to have at their start. */
  async begin(): Promise<void> {
    await this.#setClusters([0]);
    await this.#setEndpoints([0]);
    await this.#setListeners();
    await this.#setRoutes();
  }

  /** Rejects when a sidecar refuses a change. */
  async run(signal: AbortSignal): Promise<void> {
    for (let tick = 1; !signal.aborted; tick++) {
      if (tick % EVERY.kill === 0) await this.#restartControlPlane();
      else if (tick % EVERY.listeners === 0) await this.#changeListeners();
      else if (tick % EVERY.rename === 0) await this.#renameClusters();
      else if (tick % EVERY.endpoints === 0) await this.#moveEndpoints();
      else await this.#changeRoutes();
      await after(TICK_MS, undefined, { signal }).catch(() => {});
    }
  }

  #changeRoutes(): Promise<void> {
    this.counts.routes++;
    this.#generation = { ...this.#generation, routes: this.#generation.routes + 1 };
    return this.#setRoutes();
  }

  #moveEndpoints(): Promise<void> {
    this.counts.endpoints++;
    this.#generation = { ...this.#generation, endpoints: PLACES[this.counts.endpoints % PLACES.length]! };
    return this.#setEndpoints([this.#generation.clusters]);
  }

  #changeListeners(): Promise<void> {
    this.counts.listeners++;
    this.#generation = { ...this.#generation, listeners: this.#generation.listeners + 1 };
    return this.#setListeners();
  }

  /** Makes the new before it breaks the old: clusters, their endpoints, who leads there, and only then the old ones go. */
  async #renameClusters(): Promise<void> {
    this.counts.renames++;
    const old = this.#generation.clusters;
    const next = old + 1;
    await this.#setClusters([old, next]);
    await this.#setEndpoints([old, next], [`h1-${next}`, `h2-${next}`, `tcp-${next}`]);
    this.#generation = { ...this.#generation, clusters: next };
    await this.#setListeners();
    await this.#setRoutes();
    await this.#setClusters([next]);
    await this.#setEndpoints([next]);
  }

  /** Routes change while there is nobody to tell it. */
  async #restartControlPlane(): Promise<void> {
    this.counts.kills++;
    const { outbound, inbound } = this.#parts;
    await Promise.all([outbound.kill(), inbound.kill()]);
    const changed = this.#changeRoutes();
    changed.catch(() => {});
    await after(DOWN_MS);
    await Promise.all([outbound.start(), inbound.start()]);
    await changed;
    // Every type is asked for again before the next change.
    await this.#setListeners();
    await this.#setClusters([this.#generation.clusters]);
    await this.#setEndpoints([this.#generation.clusters]);
  }

  async #setClusters(generations: readonly number[]): Promise<void> {
    const { ports, identity } = this.#parts;
    await this.#setBoth(
      TYPE.cluster,
      outboundClusters(ports, generations, identity),
      inboundClusters(ports, generations),
    );
  }

  async #setEndpoints(generations: readonly number[], names: readonly string[] = []): Promise<void> {
    const { ports, outbound } = this.#parts;
    await outbound.set(TYPE.endpoints, outboundEndpoints(ports, generations, this.#generation.endpoints), names);
  }

  async #setListeners(): Promise<void> {
    const { ports, identity } = this.#parts;
    const inbound = inboundListeners(ports, this.#generation, identity);
    await this.#setBoth(TYPE.listener, outboundListeners(ports, this.#generation), inbound);
  }

  async #setRoutes(): Promise<void> {
    await this.#setBoth(TYPE.route, outboundRoutes(this.#generation), inboundRoutes(this.#generation));
  }

  async #setBoth(type: string, outbound: ResourceSet, inbound: ResourceSet): Promise<void> {
    await Promise.all([this.#parts.outbound.set(type, outbound), this.#parts.inbound.set(type, inbound)]);
  }
}
