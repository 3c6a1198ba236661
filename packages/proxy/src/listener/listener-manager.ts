// Applies the listeners that configuration names: added, updated in place, removed with a drain; refused ones leave the others alone.
import { type CertificateSnapshot, certificateSnapshot } from '../tls/certificate-snapshot.ts';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { formatSocketAddress } from '@meltemi/base';
import type { TransportAddress } from '@meltemi/wire';
import type { ListenerSnapshot } from '../admin/admin-view.ts';
import type { Rejection, Watch, WildcardSink, XdsClient } from '../xds/xds-client.ts';
import { ActiveListener, type ListenerSurroundings } from './active-listener.ts';
import { ListenerDirectory } from './listener-directory.ts';
import { isInbound } from './listener-address.ts';
import { listenerManagerStats, type ListenerManagerStats } from './listener-manager-stats.ts';
import type { ListenerParts } from './listener-parts.ts';
import { SocketBinder } from './socket-binder.ts';

/** How often draining looks for idle connections, in milliseconds. */
const DRAIN_STEP_MS = 50;

export class ListenerManager implements WildcardSink<Listener> {
  readonly #parts: ListenerParts;
  readonly #directory: ListenerDirectory;
  readonly #surroundings: ListenerSurroundings;
  readonly #stats: ListenerManagerStats;
  readonly #static = new Set<string>();
  readonly #listeners = new Map<string, ActiveListener>();
  #waiting: (() => void)[] = [];
  #draining = false;
  /** Which listeners the administrator stopped: those that come later don't start. */
  #stopped: 'none' | 'inbound' | 'all' = 'none';
  #answered: (() => void) | undefined;
  #lds: Watch | undefined;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#directory = new ListenerDirectory(() => this.#listeners.values());
    this.#surroundings = {
      binder: new SocketBinder(parts.clock, parts.logger, parts.stats, parts.sockets),
      handOver: (transport, bytes) => this.#directory.handOver(transport, bytes),
      onChange: () => this.#changed(),
    };
    this.#stats = listenerManagerStats(parts.stats);
  }

  /** A listener of the bootstrap: configuration discovery can't change it. Throws a typed error. */
  addStatic(config: Listener): void {
    this.#static.add(config.name);
    this.#apply(config.name, config);
  }

  /** Subscribes to LDS. Resolves when its first answer was applied, or when the source gave up waiting for one. */
  async start(lds: XdsClient): Promise<void> {
    const answered = new Promise<void>((resolve) => (this.#answered = resolve));
    this.#lds = lds.watchAll('LDS', this);
    await answered;
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

  /** Connections that are open or about to be. */
  get connections(): number {
    let open = 0;
    for (const { serving } of this.#listeners.values())
      if (serving) open += serving.stats.cxActive.value + serving.stats.preCxActive.value;
    return open;
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
      return material ? [certificateSnapshot(material)] : [];
    });
  }

  /** Resolves when every listener is warm and bound. */
  async settled(): Promise<void> {
    while (![...this.#listeners.values()].every((listener) => listener.settled)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** No listener accepts any more, or no inbound one; connections go on. */
  stop(inboundOnly: boolean): void {
    for (const listener of this.#listeners.values()) if (!inboundOnly || listener.inbound) listener.stop();
    this.#stopped = inboundOnly && this.#stopped !== 'all' ? 'inbound' : 'all';
  }

  /** Stops accepting; responses close their connections. Resolves when none is left, or at the end of the drain time. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const listener of this.#listeners.values()) listener.drain();
    for (const chain of this.#parts.drainingChains) chain.drain();
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
    if (this.#draining || this.#stopped === 'all') return undefined;
    if (this.#stopped === 'inbound' && isInbound(config)) return undefined;
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
    const listener = known ?? new ActiveListener(name, this.#parts, this.#surroundings);
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
    this.#directory.changed();
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
