// Taps all sidecars while somebody looks at live requests, and nobody else.
import type { Clock } from '@meltemi/base';
import type { MeshMembers, MeshWorkload } from '../mesh-source.ts';
import type { RequestBatchView, RequestView } from '../views/views.ts';
import { requestView, type TracedRequest } from './request-view.ts';
import { Tap } from './tap.ts';

type Listener = (request: RequestView) => void;

export class RequestTaps {
  readonly #clock: Clock;
  readonly #taps = new Map<string, { readonly workload: string; readonly tap: Tap }>();
  readonly #listeners = new Set<Listener>();
  #sequence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The result ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** Taps those that have come, lets go of those that are gone. */
  follow(members: MeshMembers): void {
    if (this.#listeners.size === 0) return;
    const wanted = new Map(members.workloads.map((workload) => [workload.admin, workload]));
    for (const [admin, { tap }] of this.#taps) {
      if (wanted.has(admin)) continue;
      tap.close();
      this.#taps.delete(admin);
    }
    for (const workload of wanted.values()) if (!this.#taps.has(workload.admin)) this.#open(workload);
  }

  /** Those that are not tapped, and why. */
  untapped(): RequestBatchView['untapped'] {
    return [...this.#taps.values()].flatMap(({ workload, tap }) =>
      tap.reason === '' ? [] : [{ workload, reason: tap.reason }],
    );
  }

  close(): void {
    for (const { tap } of this.#taps.values()) tap.close();
    this.#taps.clear();
  }

  #open(workload: MeshWorkload): void {
    const onTrace = (trace: unknown) => {
      const request = requestView(trace as TracedRequest, workload, this.#sequence++);
      if (request) for (const listener of this.#listeners) listener(request);
    };
    const tap = new Tap({ admin: workload.admin, clock: this.#clock, onTrace });
    this.#taps.set(workload.admin, { workload: workload.name, tap });
  }
}
