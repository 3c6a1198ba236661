// Applies the listeners that configuration names: added, updated in place, removed with a drain; refused ones leave the others alone.
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { formatSocketAddress } from '@meltemi/base';
import type { TransportAddress } from '@meltemi/wire';
import type { CertificateSnapshot, ListenerSnapshot } from '../admin/admin-view.ts';
import type { Rejection, Watch, WildcardSink, XdsClient } from '../xds/xds-client.ts';
import { ActiveListener } from './active-listener.ts';
import { listenerManagerStats, type ListenerManagerStats } from './listener-manager-stats.ts';
import type { ListenerParts } from './listener-parts.ts';
import { SocketBinder } from './socket-binder.ts';

/** How often draining looks for idle connections, in milliseconds. */
const DRAIN_STEP_MS = 50;

/** Envoy's initial_fetch_timeout. */
const FIRST_ANSWER_MS = 15_000;

export class ListenerManager implements WildcardSink<Listener> {
  readonly #parts: ListenerParts;
  readonly #binder: SocketBinder;
  readonly #stats: ListenerManagerStats;
  readonly #static = new Set<string>();
  readonly #listeners = new Map<string, ActiveListener>();
  #waiting: (() => void)[] = [];
  #draining = false;
  #answered: (() => void) | undefined;
  #lds: Watch | undefined;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#binder = new SocketBinder(parts.clock, parts.logger, parts.stats);
    this.#stats = listenerManagerStats(parts.stats);
  }

  /** A listener of the bootstrap: configuration discovery can't change it. Throws a typed error. */
  addStatic(config: Listener): void {
    this.#static.add(config.name);
    this.#apply(config.name, config);
  }

  /** Subscribes to LDS. Resolves when its first answer was applied, or when that took too long. */
  async start(lds: XdsClient): Promise<void> {
    const answered = new Promise<void>((resolve) => (this.#answered = resolve));
    const timer = this.#parts.clock.after(FIRST_ANSWER_MS, () => this.#answered?.());
    this.#lds = lds.watchAll('LDS', this);
    await answered;
    timer.cancel();
  }

  update(changed: ReadonlyMap<string, Listener>, removed: readonly string[]): readonly Rejection[] {
    const rejections: Rejection[] = [];
    for (const name of removed) this.#remove(name);
    for (const [name, config] of changed) {
      const message = this.#refuse(name, config);
      if (message !== undefined) rejections.push({ name, message });
    }
    this.#changed();
    this.#answered?.();
    return rejections;
  }

  /** Where a listener is bound; undefined while it isn't, or when there is none of the name. */
  address(name: string): TransportAddress | undefined {
    return this.#listeners.get(name)?.address;
  }

  snapshot(): readonly ListenerSnapshot[] {
    return [...this.#listeners.values()].map((listener) => ({
      name: listener.name,
      address: listener.address && addressText(listener.address),
      state: this.#draining ? 'draining' : listener.serving ? 'active' : 'warming',
      addedViaApi: !this.#static.has(listener.name),
    }));
  }

  certificates(): readonly CertificateSnapshot[] {
    const chains = [...this.#listeners.values()].flatMap((listener) => [...(listener.serving?.chains.values() ?? [])]);
    return chains.flatMap((chain) => {
      const material = chain.tls?.material;
      return material ? [{ chainPem: material.keyPairs[0]?.certificateChain, caPem: material.trustedCa }] : [];
    });
  }

  /** Resolves when every listener is warm and bound. */
  async settled(): Promise<void> {
    while (![...this.#listeners.values()].every((listener) => listener.settled)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Stops accepting; responses close their connections. Resolves when none is left, or at the end of the drain time. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const listener of this.#listeners.values()) listener.drain();
    const end = this.#parts.clock.monotonic() + this.#parts.drainTimeMs;
    while (this.#openConnections() > 0 && this.#parts.clock.monotonic() < end) {
      await new Promise<void>((resolve) => this.#parts.clock.after(DRAIN_STEP_MS, resolve));
    }
  }

  async close(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    this.#lds?.close();
    for (const chain of this.#parts.drainingChains) chain.close();
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  #openConnections(): number {
    let open = 0;
    for (const listener of this.#listeners.values()) open += listener.closeIdle();
    for (const chain of this.#parts.drainingChains) open += chain.closeIdle();
    return open;
  }

  #refuse(name: string, config: Listener): string | undefined {
    if (this.#static.has(name)) return `a listener of the bootstrap has this name`;
    if (this.#draining) return undefined;
    try {
      this.#apply(name, config);
      return undefined;
    } catch (error) {
      this.#stats.rejected.increment();
      return error instanceof Error ? error.message : 'not a listener';
    }
  }

  #apply(name: string, config: Listener): void {
    const known = this.#listeners.get(name);
    const listener = known ?? new ActiveListener(name, this.#parts, this.#binder, () => this.#changed());
    listener.update(config);
    this.#listeners.set(name, listener);
    if (known) this.#stats.modified.increment();
    else this.#stats.added.increment();
  }

  #remove(name: string): void {
    if (this.#static.has(name)) return;
    this.#listeners.get(name)?.remove();
    if (this.#listeners.delete(name)) this.#stats.removed.increment();
  }

  #changed(): void {
    const listeners = [...this.#listeners.values()];
    this.#stats.active.set(listeners.filter((listener) => listener.serving).length);
    this.#stats.warming.set(listeners.filter((listener) => !listener.serving).length);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function addressText(address: TransportAddress): string {
  return 'path' in address ? address.path : formatSocketAddress(address);
}
