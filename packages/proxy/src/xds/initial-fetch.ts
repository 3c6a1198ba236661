// Ends the wait for a first answer: what asked goes on without, as if the server had said that there is nothing.
import type { Clock } from '@meltemi/base';
import type { XdsType } from '@meltemi/api';
import type {
  ResourceWatcher,
  Watch,
  WildcardSink,
  WildcardType,
  XdsClient,
  XdsResources,
  XdsTypeState,
} from './xds-client.ts';

/** Envoy's `initial_fetch_timeout` where a source doesn't say. */
export const INITIAL_FETCH_MS = 15_000;

export class InitialFetchClient implements XdsClient {
  readonly #client: XdsClient;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #onTimeout: (type: XdsType) => void;

  /** `onTimeout` is called where no watcher counts for itself. */
  constructor(client: XdsClient, timeoutMs: number, clock: Clock, onTimeout: (type: XdsType) => void) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#onTimeout = onTimeout;
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  watchAll<Type extends WildcardType>(type: Type, sink: WildcardSink<XdsResources[Type]>): Watch {
    const timer = this.#clock.after(this.#timeoutMs, () => {
      this.#onTimeout(type);
      sink.update(new Map(), [], '');
    });
    const watch = this.#client.watchAll(type, {
      update(changed, removed, version) {
        timer.cancel();
        return sink.update(changed, removed, version);
      },
    });
    return closing(watch, timer);
  }

  watch<Type extends XdsType>(type: Type, name: string, watcher: ResourceWatcher<XdsResources[Type]>): Watch {
    const timer = this.#clock.after(this.#timeoutMs, () => {
      watcher.stats?.timedOut();
      watcher.onMissing?.();
    });
    const watch = this.#client.watch(type, name, {
      onResource(resource, version) {
        timer.cancel();
        return watcher.onResource(resource, version);
      },
      onMissing() {
        timer.cancel();
        watcher.onMissing?.();
      },
      ...(watcher.stats && { stats: watcher.stats }),
    });
    return closing(watch, timer);
  }

  state(): readonly XdsTypeState[] {
    return this.#client.state();
  }

  close(): void {
    this.#client.close();
  }
}

function closing(watch: Watch, timer: { cancel(): void }): Watch {
  return {
    close() {
      timer.cancel();
      watch.close();
    },
  };
}
