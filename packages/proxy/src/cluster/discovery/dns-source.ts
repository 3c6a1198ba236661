// Turns endpoints that are host names into endpoints that are addresses, again and again; the last good answer stays.
import { isIP } from 'node:net';
import type { SocketAddress, Timer } from '@meltemi/base';
import type { DnsSettings } from '../settings/dns-settings.ts';
import { type EndpointSpec, endpointText, type LocalityEndpoints } from './endpoint-set.ts';
import type { EndpointSource, EndpointSourceOptions } from './endpoint-source-options.ts';

export class DnsSource implements EndpointSource {
  readonly #cluster: string;
  readonly #settings: DnsSettings;
  readonly #options: EndpointSourceOptions;
  /** Addresses by name, as last answered, sorted. */
  readonly #answers = new Map<string, readonly string[]>();
  /** By name, in a row. */
  readonly #failures = new Map<string, number>();
  #timer: Timer | undefined;
  #closed = false;
  #published: string | undefined;

  constructor(cluster: string, settings: DnsSettings, options: EndpointSourceOptions) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#options = options;
    void this.#refresh();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Asks for all names at once, publishes what changed, and comes again after the refresh time. Never rejects. */
  async #refresh(): Promise<void> {
    const names = namesOf(this.#settings.names.localities);
    const waits = await Promise.all(names.map((name) => this.#resolve(name)));
    if (this.#closed) return;
    this.#publish();
    const waitMs = waits.length > 0 ? Math.min(...waits) : this.#settings.refreshMs;
    this.#timer = this.#options.clock.after(waitMs, () => void this.#refresh());
  }

  /** Resolves to the milliseconds until the name should be asked for again. */
  async #resolve(name: string): Promise<number> {
    const settings = this.#settings;
    try {
      const addresses = await this.#options.resolve(name, settings.family);
      this.#failures.delete(name);
      this.#answers.set(name, this.#settings.logical ? addresses.slice(0, 1) : addresses.toSorted());
      const ttlMs = settings.respectTtl ? await this.#options.askTtl?.(name, settings.family) : undefined;
      const waitMs = ttlMs === undefined ? settings.refreshMs : Math.max(ttlMs, settings.leastTtlMs);
      return waitMs + (settings.jitterMs > 0 ? this.#options.dice.roll() * settings.jitterMs : 0);
    } catch (error) {
      if (!this.#closed) {
        this.#options.onFailure();
        this.#options.logger.warn(`cluster ${this.#cluster}: ${name}: ${(error as Error).message}`);
      }
      return this.#backOff(name);
    }
  }

  /** Twice as long after each failure in a row, with jitter, so that many proxies do not ask at once. */
  #backOff(name: string): number {
    const { failureRefreshMs, maxFailureRefreshMs } = this.#settings;
    const failures = this.#failures.get(name) ?? 0;
    this.#failures.set(name, failures + 1);
    if (maxFailureRefreshMs === failureRefreshMs) return failureRefreshMs;
    const longest = Math.min(maxFailureRefreshMs, failureRefreshMs * 2 ** failures);
    return Math.max(1, this.#options.dice.roll() * longest);
  }

  #publish(): void {
    const state = JSON.stringify([...this.#answers]);
    if (state === this.#published) return;
    this.#published = state;
    const { names } = this.#settings;
    const localities = names.localities.map((group) => ({
      ...group,
      endpoints: group.endpoints.flatMap((endpoint) => this.#addressesOf(endpoint)),
    }));
    this.#options.onEndpoints({ ...names, localities });
  }

  #addressesOf(endpoint: EndpointSpec): readonly EndpointSpec[] {
    const { address } = endpoint;
    if ('path' in address || isIP(address.host) !== 0) return [endpoint];
    return (this.#answers.get(address.host) ?? []).map((ip) =>
      this.#resolved(endpoint, { host: ip, port: address.port }),
    );
  }

  /** A logical host stays the same when its address changes, and so do its connections. */
  #resolved(endpoint: EndpointSpec, address: SocketAddress): EndpointSpec {
    const text = endpointText(address);
    const identity = this.#settings.logical ? endpoint.text : text;
    const name = 'host' in endpoint.address ? endpoint.address.host : '';
    return { ...endpoint, address, identity, text, hostname: endpoint.hostname || name };
  }
}

function namesOf(localities: readonly LocalityEndpoints[]): readonly string[] {
  const addresses = localities.flatMap((group) => group.endpoints.map((endpoint) => endpoint.address));
  const names = addresses.flatMap((address) => ('path' in address || isIP(address.host) !== 0 ? [] : [address.host]));
  return [...new Set(names)];
}
