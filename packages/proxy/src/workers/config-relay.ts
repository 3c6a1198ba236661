// Wraps the configuration sources of the first worker: what its parts accept is handed on to the other workers, in the same order.
import type { XdsType } from '@meltemi/api';
import type { XdsClients } from '../xds/xds-clients.ts';
import type { ResourceWatcher, Watch, WildcardSink, WildcardType, XdsClient, XdsResources } from '../xds/xds-client.ts';
import type { ConfigMessage } from './messages.ts';
import { resourceBytes, sourceKey } from './resource-bytes.ts';

/** Stands among what was published for a resource that the server doesn't have. */
const MISSING: object = {};

type Publish = (message: ConfigMessage) => void;

/** The same sources; each resource that was accepted is also published. */
export function relayedXds(sources: XdsClients, publish: Publish): XdsClients {
  const relays = new Map<string, XdsClient>();
  return {
    forConfigSource(source) {
      const client = sources.forConfigSource(source);
      const key = sourceKey(source);
      const relay = relays.get(key) ?? new RelayedClient(client, key, publish);
      relays.set(key, relay);
      return relay;
    },
    all: () => sources.all(),
    close: () => sources.close(),
  };
}

class RelayedClient implements XdsClient {
  readonly #client: XdsClient;
  readonly #source: string;
  readonly #publish: Publish;
  /** How many watch a resource, by type and name. */
  readonly #watched = new Map<string, number>();
  /** What was published last, by type and name: several watchers are told the same. */
  readonly #published = new Map<string, object>();

  constructor(client: XdsClient, source: string, publish: Publish) {
    this.#client = client;
    this.#source = source;
    this.#publish = publish;
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  state(): ReturnType<XdsClient['state']> {
    return this.#client.state();
  }

  close(): void {
    this.#client.close();
  }

  watchAll<Type extends WildcardType>(type: Type, sink: WildcardSink<XdsResources[Type]>): Watch {
    return this.#client.watchAll(type, {
      update: (changed, removed, version) => {
        const rejections = sink.update(changed, removed, version);
        const refused = new Set(rejections.map(({ name }) => name));
        this.#publish({
          kind: 'update',
          source: this.#source,
          type,
          version,
          changed: new Map(
            [...changed]
              .filter(([name]) => !refused.has(name))
              .map(([name, resource]) => [name, resourceBytes(type, resource)]),
          ),
          removed: removed.filter((name) => !refused.has(name)),
        });
        return rejections;
      },
    });
  }

  watch<Type extends XdsType>(type: Type, name: string, watcher: ResourceWatcher<XdsResources[Type]>): Watch {
    const watch = this.#client.watch(type, name, this.#relayed(type, name, watcher));
    const key = `${type} ${name}`;
    this.#watched.set(key, (this.#watched.get(key) ?? 0) + 1);
    let closed = false;
    return {
      close: () => {
        if (closed) return;
        closed = true;
        watch.close();
        this.#unwatched(type, name, key);
      },
    };
  }

  #relayed<Type extends XdsType>(
    type: Type,
    name: string,
    watcher: ResourceWatcher<XdsResources[Type]>,
  ): ResourceWatcher<XdsResources[Type]> {
    const place = { source: this.#source, type, name };
    const key = `${type} ${name}`;
    const publishMissing = () => {
      if (this.#published.get(key) === MISSING) return;
      this.#published.set(key, MISSING);
      this.#publish({ kind: 'resource', ...place, version: '', bytes: undefined });
    };
    return {
      onResource: (resource, version) => {
        const rejection = watcher.onResource(resource, version);
        // What is refused is no reason to wait any longer, in no worker.
        if (rejection && !this.#published.has(key)) publishMissing();
        if (rejection || this.#published.get(key) === resource) return rejection;
        this.#published.set(key, resource);
        this.#publish({ kind: 'resource', ...place, version, bytes: resourceBytes(type, resource) });
        return undefined;
      },
      onMissing: () => {
        watcher.onMissing?.();
        publishMissing();
      },
      ...(watcher.stats && { stats: watcher.stats }),
    };
  }

  #unwatched(type: XdsType, name: string, key: string): void {
    const left = this.#watched.get(key)! - 1;
    if (left > 0) return void this.#watched.set(key, left);
    this.#watched.delete(key);
    this.#published.delete(key);
    this.#publish({ kind: 'forget', source: this.#source, type, name });
  }
}
