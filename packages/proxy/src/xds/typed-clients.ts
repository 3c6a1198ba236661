// A source that serves each type by a service of its own: one stream a type, opened when the type is first asked for.
import { PUSH_ORDER, type XdsType } from '@meltemi/api';
import type {
  ResourceWatcher,
  Watch,
  WildcardSink,
  WildcardType,
  XdsClient,
  XdsResources,
  XdsTypeState,
} from './xds-client.ts';

export class TypedClients implements XdsClient {
  readonly #open: (type: XdsType) => XdsClient;
  readonly #clients = new Map<XdsType, XdsClient>();

  constructor(open: (type: XdsType) => XdsClient) {
    this.#open = open;
  }

  get connected(): boolean {
    return [...this.#clients.values()].every((client) => client.connected);
  }

  watchAll<Type extends WildcardType>(type: Type, sink: WildcardSink<XdsResources[Type]>): Watch {
    return this.#client(type).watchAll(type, sink);
  }

  watch<Type extends XdsType>(type: Type, name: string, watcher: ResourceWatcher<XdsResources[Type]>): Watch {
    return this.#client(type).watch(type, name, watcher);
  }

  state(): readonly XdsTypeState[] {
    return PUSH_ORDER.flatMap((type) => this.#clients.get(type)?.state() ?? []);
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #client(type: XdsType): XdsClient {
    const client = this.#clients.get(type) ?? this.#open(type);
    this.#clients.set(type, client);
    return client;
  }
}
