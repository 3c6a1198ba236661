// A source of configuration that is a file: a DiscoveryResponse in YAML or JSON, read again when another takes its place.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#filesystem-subscriptions
import { readFile } from 'node:fs/promises';
import { type DiscoveryResponse, DiscoveryResponseSchema } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { PUSH_ORDER, type XdsType } from '@meltemi/api';
import { type Clock, formatProblem, type Logger } from '@meltemi/base';
import { readConfigMessage } from '../bootstrap/config-message.ts';
import type { XdsMessage } from './decode-resource.ts';
import { applySotwResponse } from './sotw-response.ts';
import { TypeState } from './type-state.ts';
import type { UnknownFieldRule } from './unknown-fields.ts';
import { watchFile, type WatchedFile } from './watched-file.ts';
import type {
  ResourceWatcher,
  Watch,
  WildcardSink,
  WildcardType,
  XdsClient,
  XdsResources,
  XdsTypeState,
} from './xds-client.ts';
import type { XdsStats } from './xds-stats.ts';

export interface FileClientOptions {
  readonly file: WatchedFile;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stats: XdsStats;
  readonly unknownFields: UnknownFieldRule;
}

export class FileClient implements XdsClient {
  readonly connected = true;
  readonly #options: FileClientOptions;
  readonly #states = new Map<XdsType, TypeState>();
  readonly #watch: { close(): void };
  /** Read last and well-formed. */
  #response: DiscoveryResponse | undefined;
  #reading: Promise<void> | undefined;
  #stale = false;
  #closed = false;

  /** Throws when the directory of the file can't be watched. */
  constructor(options: FileClientOptions) {
    this.#options = options;
    this.#watch = watchFile(options.file, () => this.#read());
    this.#read();
  }

  watchAll<Type extends WildcardType>(type: Type, sink: WildcardSink<XdsResources[Type]>): Watch {
    const state = this.#state(type);
    state.attach(sink);
    this.#applySoon(state);
    return { close: () => state.attach(undefined) };
  }

  watch<Type extends XdsType>(type: Type, name: string, watcher: ResourceWatcher<XdsResources[Type]>): Watch {
    const state = this.#state(type);
    const known = watcher as ResourceWatcher<XdsMessage>;
    state.addWatcher(name, known);
    this.#applySoon(state);
    return { close: () => state.removeWatcher(name, known) };
  }

  state(): readonly XdsTypeState[] {
    return PUSH_ORDER.flatMap((type) => this.#states.get(type) ?? []);
  }

  close(): void {
    this.#closed = true;
    this.#watch.close();
    for (const state of this.#states.values()) state.close();
  }

  #state(type: XdsType): TypeState {
    const state = this.#states.get(type) ?? new TypeState(type, this.#options.clock, this.#options.unknownFields);
    this.#states.set(type, state);
    return state;
  }

  /** Not within the call that subscribes. */
  #applySoon(state: TypeState): void {
    queueMicrotask(() => {
      if (this.#response && !this.#closed && state.wanted) this.#apply(state, this.#response);
    });
  }

  #read(): void {
    if (this.#reading) {
      this.#stale = true;
      return;
    }
    this.#stale = false;
    this.#reading = this.#load().finally(() => {
      this.#reading = undefined;
      if (this.#stale && !this.#closed) this.#read();
    });
  }

  async #load(): Promise<void> {
    const { path } = this.#options.file;
    try {
      const text = await readFile(path, 'utf8');
      const options = { file: path, ignoreUnknownFields: !this.#options.unknownFields.refuse };
      const reading = await readConfigMessage(DiscoveryResponseSchema, text, options);
      if (this.#closed) return;
      if (reading.kind === 'problems') this.#refuse(reading.problems.map(formatProblem).join('; '));
      else this.#applyAll(reading.message);
    } catch (error) {
      this.#refuse((error as Error).message);
    }
  }

  #applyAll(response: DiscoveryResponse): void {
    this.#response = response;
    for (const state of this.state() as readonly TypeState[]) if (state.wanted) this.#apply(state, response);
  }

  #apply(state: TypeState, response: DiscoveryResponse): void {
    const outcome = applySotwResponse(state, response);
    this.#options.stats.settled(state.type, outcome, this.#options.clock.now());
    const { logger, file } = this.#options;
    const which = `${file.path}: ${state.type} ${outcome.version}`;
    if (outcome.error === undefined) logger.debug(`${which}: ${outcome.received} read, ${outcome.removed} removed`);
    else logger.warn(`${which} refused: ${outcome.error}`);
  }

  /** What was read before goes on serving. */
  #refuse(message: string): void {
    this.#options.logger.warn(`${this.#options.file.path} refused: ${message}`);
    for (const state of this.#states.values()) {
      this.#options.stats.lost(state.type);
      state.lost();
    }
  }
}
