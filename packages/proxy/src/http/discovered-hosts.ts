// The virtual hosts of a route configuration that come by themselves (VHDS): those that came, and those that requests ask for.
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { VirtualHost } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { Rejection } from '../xds/xds-client.ts';

/**
 * Subscribes to virtual hosts: under a route configuration's name to all that the server gives, under `ROUTES/HOST` to the
 * one that serves the host. Throws for a source that can't serve them.
 */
export type WatchHosts = (
  source: ConfigSource | undefined,
  name: string,
  watcher: {
    onResource(hosts: RouteConfiguration): Rejection | undefined;
    onMissing(): void;
  },
) => { close(): void };

interface AskedHost {
  waiting: Set<() => void>;
  answered: boolean;
  watch: { close(): void } | undefined;
}

export class DiscoveredHosts {
  readonly #source: ConfigSource | undefined;
  readonly #routes: string;
  readonly #watchHosts: WatchHosts;
  readonly #onHosts: () => Rejection | undefined;
  readonly #asked = new Map<string, AskedHost>();
  #watch: { close(): void } | undefined;
  /** Undefined: the server did not say yet. */
  hosts: readonly VirtualHost[] | undefined;

  /** `onHosts`: they changed; answers why they can't be honoured. */
  constructor(
    source: ConfigSource | undefined,
    routes: string,
    watchHosts: WatchHosts,
    onHosts: () => Rejection | undefined,
  ) {
    this.#source = source;
    this.#routes = routes;
    this.#watchHosts = watchHosts;
    this.#onHosts = onHosts;
  }

  /** Throws for a source that can't serve virtual hosts. */
  start(): void {
    this.#watch = this.#watchHosts(this.#source, this.#routes, {
      onResource: ({ virtualHosts }) => {
        const refusal = this.#take(virtualHosts);
        if (refusal && !this.hosts) this.#take([]);
        return refusal;
      },
      onMissing: () => void this.#take(this.hosts ?? []),
    });
  }

  /** Calls `done` once the server said who serves the host, unless cancelled. Undefined: it said so already. */
  ask(authority: string, done: () => void): { cancel(): void } | undefined {
    const host = authority.toLowerCase();
    const asked = this.#asked.get(host) ?? this.#begin(host);
    if (asked.answered) return undefined;
    asked.waiting.add(done);
    return { cancel: () => void asked.waiting.delete(done) };
  }

  close(): void {
    this.#watch?.close();
    for (const { watch } of this.#asked.values()) watch?.close();
    this.#asked.clear();
  }

  #begin(host: string): AskedHost {
    const asked: AskedHost = { waiting: new Set(), answered: false, watch: undefined };
    this.#asked.set(host, asked);
    asked.watch = this.#watchHosts(this.#source, `${this.#routes}/${host}`, {
      onResource: () => {
        this.#answer(asked);
        return undefined;
      },
      onMissing: () => {
        // The next request for it asks again: what nobody serves is not remembered.
        this.#asked.delete(host);
        this.#answer(asked);
        asked.watch?.close();
      },
    });
    return asked;
  }

  #answer(asked: AskedHost): void {
    asked.answered = true;
    const { waiting } = asked;
    asked.waiting = new Set();
    for (const done of waiting) done();
  }

  /** Some are gone: who asks for their hosts is to ask the server again. */
  #forgetAnswers(): void {
    for (const [host, { answered, watch }] of this.#asked) {
      if (!answered) continue;
      this.#asked.delete(host);
      watch?.close();
    }
  }

  #take(hosts: readonly VirtualHost[]): Rejection | undefined {
    const before = this.hosts;
    this.hosts = hosts;
    const refusal = this.#onHosts();
    if (refusal) this.hosts = before;
    else if (before && before.some((host) => !hosts.some(({ name }) => name === host.name))) this.#forgetAnswers();
    return refusal;
  }
}
