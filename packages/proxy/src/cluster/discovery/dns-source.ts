// Turns endpoints that are host names into endpoints that are addresses, again and again; the last good answer stays.
import { isIP } from 'node:net';
import { formatSocketAddress, type Timer } from '@meltemi/base';
import type { DnsSettings } from '../settings/cluster-settings.ts';
import type { EndpointSpec, LocalityEndpoints } from './endpoint-set.ts';
import type { EndpointSource, EndpointSourceOptions } from './endpoint-source-options.ts';

export class DnsSource implements EndpointSource {
  readonly #cluster: string;
  readonly #settings: DnsSettings;
  readonly #options: EndpointSourceOptions;
  /** Addresses by name, as last answered, sorted. */
  readonly #answers = new Map<string, readonly string[]>();
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
    await Promise.all(namesOf(this.#settings.names.localities).map((name) => this.#resolve(name)));
    if (this.#closed) return;
    this.#publish();
    this.#timer = this.#options.clock.after(this.#settings.refreshMs, () => void this.#refresh());
  }

  async #resolve(name: string): Promise<void> {
    try {
      const addresses = await this.#options.resolve(name, this.#settings.family);
      this.#answers.set(name, this.#settings.logical ? addresses.slice(0, 1) : addresses.toSorted());
    } catch (error) {
      if (this.#closed) return;
      this.#options.onFailure();
      this.#options.logger.warn(`cluster ${this.#cluster}: ${name}: ${(error as Error).message}`);
    }
  }

  #publish(): void {
    const state = JSON.stringify([...this.#answers]);
    if (state === this.#published) return;
    this.#published = state;
    const { localities, overprovisioning } = this.#settings.names;
    const resolved = localities.map((group) => ({
      ...group,
      endpoints: group.endpoints.flatMap((endpoint) => this.#addressesOf(endpoint)),
    }));
    this.#options.onEndpoints({ localities: resolved, overprovisioning });
  }

  #addressesOf(endpoint: EndpointSpec): readonly EndpointSpec[] {
    const { address } = endpoint;
    if ('path' in address || isIP(address.host) !== 0) return [endpoint];
    return (this.#answers.get(address.host) ?? []).map((ip) =>
      resolvedEndpoint(endpoint, address.host, ip, address.port),
    );
  }
}

function resolvedEndpoint(endpoint: EndpointSpec, name: string, ip: string, port: number): EndpointSpec {
  const address = { host: ip, port };
  const text = formatSocketAddress(address);
  const hashKey = endpoint.hashKey === endpoint.text ? text : endpoint.hashKey;
  return { ...endpoint, address, text, hashKey, hostname: endpoint.hostname || name };
}

function namesOf(localities: readonly LocalityEndpoints[]): readonly string[] {
  const addresses = localities.flatMap((group) => group.endpoints.map((endpoint) => endpoint.address));
  const names = addresses.flatMap((address) => ('path' in address || isIP(address.host) !== 0 ? [] : [address.host]));
  return [...new Set(names)];
}
