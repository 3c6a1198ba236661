// The configuration sources of a worker that talks to no server: they bring what the first worker accepted.
import type { XdsType } from '@meltemi/api';
import type { Logger } from '@meltemi/base';
import type { XdsClients } from '../xds/xds-clients.ts';
import type {
  Rejection,
  ResourceWatcher,
  Watch,
  WildcardSink,
  WildcardType,
  XdsClient,
  XdsResources,
} from '../xds/xds-client.ts';
import type { ConfigMessage } from './messages.ts';
import { type Resource, resourceOf, sourceKey } from './resource-bytes.ts';

/** `receive` takes what `relayedXds` published in the first worker. */
export class FollowedXds implements XdsClients {
  readonly #logger: Logger;
  readonly #clients = new Map<string, FollowedClient>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  forConfigSource(source: Parameters<XdsClients['forConfigSource']>[0]): XdsClient {
    return this.#client(sourceKey(source));
  }

  receive(message: ConfigMessage): void {
    this.#client(message.source).receive(message);
  }

  /** The admin pages are the first worker's. */
  all(): Iterable<XdsClient> {
    return [];
  }

  close(): void {}

  #client(key: string): FollowedClient {
    const client = this.#clients.get(key) ?? new FollowedClient(this.#logger);
    this.#clients.set(key, client);
    return client;
  }
}

/** A resource of a type that is taken by name; without `resource` the server has none. */
interface Held {
  readonly version: string;
  readonly resource: Resource | undefined;
}

type Update = Extract<ConfigMessage, { kind: 'update' }>;

class FollowedClient implements XdsClient {
  readonly connected = true;
  readonly #logger: Logger;
  readonly #held = new Map<string, Held>();
  readonly #watchers = new Map<string, Set<ResourceWatcher<Resource>>>();
  readonly #sinks = new Map<XdsType, WildcardSink<Resource>>();
  /** What came before somebody asked for the type. */
  readonly #early = new Map<XdsType, Update[]>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  receive(message: ConfigMessage): void {
    switch (message.kind) {
      case 'update':
        return this.#update(message);
      case 'resource':
        return this.#resource(message);
      case 'forget':
        this.#held.delete(`${message.type} ${message.name}`);
    }
  }

  watchAll<Type extends WildcardType>(type: Type, sink: WildcardSink<XdsResources[Type]>): Watch {
    this.#sinks.set(type, sink);
    const early = this.#early.get(type) ?? [];
    this.#early.delete(type);
    for (const update of early) this.#update(update);
    return { close: () => void this.#sinks.delete(type) };
  }

  watch<Type extends XdsType>(type: Type, name: string, watcher: ResourceWatcher<XdsResources[Type]>): Watch {
    const key = `${type} ${name}`;
    const known = watcher as ResourceWatcher<Resource>;
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(known));
    const held = this.#held.get(key);
    if (held) this.#deliver(key, known, held);
    return {
      close: () => {
        watchers.delete(known);
        if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key);
      },
    };
  }

  state(): [] {
    return [];
  }

  close(): void {}

  #update(update: Update): void {
    const { type, version, removed } = update;
    const sink = this.#sinks.get(type);
    if (!sink) return void this.#early.set(type, [...(this.#early.get(type) ?? []), update]);
    const changed = new Map([...update.changed].map(([name, bytes]) => [name, resourceOf(type, bytes)]));
    for (const rejection of sink.update(changed, removed, version)) this.#differs(type, rejection);
  }

  #resource({ type, name, version, bytes }: Extract<ConfigMessage, { kind: 'resource' }>): void {
    const key = `${type} ${name}`;
    const held = { version, resource: bytes && resourceOf(type, bytes) };
    this.#held.set(key, held);
    for (const watcher of this.#watchersOf(key)) this.#deliver(key, watcher, held);
  }

  /** A copy: a watcher may close itself or others while it is told. */
  #watchersOf(key: string): readonly ResourceWatcher<Resource>[] {
    return [...(this.#watchers.get(key) ?? [])];
  }

  #deliver(key: string, watcher: ResourceWatcher<Resource>, { resource, version }: Held): void {
    if (!resource) return watcher.onMissing?.();
    try {
      const rejection = watcher.onResource(resource, version);
      if (rejection) this.#differs(key, rejection);
    } catch (error) {
      this.#differs(key, { name: key, message: error instanceof Error ? error.message : 'not usable' });
    }
  }

  /** What one worker can honour all can: it means that a file or the machine changed in between. */
  #differs(what: string, { name, message }: Rejection): void {
    this.#logger.error(`${what} ${name}: refused here, and accepted by the first worker: ${message}`);
  }
}
