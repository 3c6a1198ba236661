// Keeps one stream to a configuration server alive and everybody's subscriptions on it.
import type { Clock, Dice, Logger, Timer } from '@meltemi/base';
import { PUSH_ORDER, type XdsType } from '@meltemi/api';
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { DeltaSession } from './delta-session.ts';
import type { XdsMessage } from './decode-resource.ts';
import { SotwSession } from './sotw-session.ts';
import { TypeState } from './type-state.ts';
import type { UnknownFieldRule } from './unknown-fields.ts';
import type {
  Watch,
  WildcardSink,
  WildcardType,
  ResourceWatcher,
  XdsClient,
  XdsResources,
  XdsTypeState,
} from './xds-client.ts';
import type { ResponseOutcome, XdsSession } from './xds-session.ts';
import type { XdsForm } from './xds-method.ts';
import type { XdsStats } from './xds-stats.ts';
import type { XdsStream, XdsStreamHandler } from './xds-stream.ts';

export interface StreamClientOptions {
  /** For log lines. */
  readonly server: string;
  readonly form: XdsForm;
  readonly node: Node | undefined;
  /** Throws when it can't even be tried (a TLS file is missing): the same as a stream that ends at once. */
  readonly open: (handler: XdsStreamHandler) => XdsStream;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly stats: XdsStats;
  readonly unknownFields: UnknownFieldRule;
}

/** Between tries; each doubles the last, and takes a random half off. */
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 10_000;

export class StreamClient implements XdsClient {
  connected = false;
  readonly #options: StreamClientOptions;
  readonly #states = new Map<XdsType, TypeState>();
  readonly #changed = new Set<TypeState>();
  #stream: XdsStream | undefined;
  #session: XdsSession<object> | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #closed = false;

  constructor(options: StreamClientOptions) {
    this.#options = options;
  }

  watchAll<Type extends WildcardType>(type: Type, sink: WildcardSink<XdsResources[Type]>): Watch {
    const state = this.#state(type);
    state.attach(sink);
    this.#subscribe(state);
    return { close: () => state.attach(undefined) };
  }

  watch<Type extends XdsType>(type: Type, name: string, watcher: ResourceWatcher<XdsResources[Type]>): Watch {
    const state = this.#state(type);
    const known = watcher as ResourceWatcher<XdsMessage>;
    state.addWatcher(name, known);
    this.#subscribe(state);
    return {
      close: () => {
        state.removeWatcher(name, known);
        this.#subscribe(state);
      },
    };
  }

  state(): readonly XdsTypeState[] {
    return PUSH_ORDER.flatMap((type) => this.#states.get(type) ?? []);
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#stream?.close();
    for (const state of this.#states.values()) state.close();
    this.#dropStream();
  }

  #state(type: XdsType): TypeState {
    const state = this.#states.get(type) ?? new TypeState(type, this.#options.clock, this.#options.unknownFields);
    this.#states.set(type, state);
    return state;
  }

  /** Many subscriptions of one turn go out as one request. */
  #subscribe(state: TypeState): void {
    if (this.#closed) return;
    if (this.#changed.size === 0) queueMicrotask(() => this.#flush());
    this.#changed.add(state);
  }

  #flush(): void {
    if (this.#closed) return;
    if (!this.#stream && !this.#retry) this.#connect();
    const changed = PUSH_ORDER.map((type) => this.#states.get(type)).filter(
      (state) => state && this.#changed.has(state),
    );
    this.#changed.clear();
    for (const state of changed) this.#session?.subscribe(state!);
  }

  #connect(): void {
    const { server, logger } = this.#options;
    this.#retry = undefined;
    try {
      this.#stream = this.#options.open({
        onOpen: () => this.#opened(),
        onResponse: (response) => this.#receive(response),
        onEnd: (reason) => this.#ended(reason),
      });
    } catch (error) {
      this.#ended((error as Error).message);
      return;
    }
    logger.debug(`${server}: opening a stream`);
    this.#session = this.#newSession(this.#stream);
    for (const type of PUSH_ORDER) {
      const state = this.#states.get(type);
      if (state) this.#session.subscribe(state);
    }
  }

  #newSession(stream: XdsStream): XdsSession<object> {
    const context = {
      send: (request: object) => stream.send(request),
      stateOf: (type: XdsType) => this.#states.get(type),
      settled: (state: TypeState, outcome: ResponseOutcome) => this.#settled(state, outcome),
    };
    const { form, node } = this.#options;
    if (form === 'sotw') return new SotwSession(context, node);
    return new DeltaSession(context, node);
  }

  #opened(): void {
    if (this.connected) return;
    this.connected = true;
    this.#options.stats.connected(true);
    this.#options.logger.info(`${this.#options.server}: connected`);
  }

  #receive(response: object): void {
    this.#opened();
    this.#failures = 0;
    this.#session?.receive(response);
  }

  #settled(state: TypeState, outcome: ResponseOutcome): void {
    this.#options.stats.settled(state.type, outcome, this.#options.clock.now());
    const { server, logger } = this.#options;
    const size = `${outcome.received} received, ${outcome.removed} removed`;
    if (outcome.error === undefined) logger.debug(`${server}: ${state.type} ${outcome.version}: ${size}`);
    else logger.warn(`${server}: ${state.type} ${outcome.version} refused: ${outcome.error}`);
  }

  #ended(reason: string): void {
    this.#dropStream();
    const ceiling = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures++);
    const delayMs = ceiling * (1 - this.#options.dice.roll() / 2);
    for (const state of this.#states.values()) {
      this.#options.stats.lost(state.type);
      state.lost();
    }
    this.#options.logger.warn(
      `${this.#options.server}: stream ended: ${reason}; next try in ${Math.round(delayMs)} ms`,
    );
    this.#retry = this.#options.clock.after(delayMs, () => this.#connect());
  }

  #dropStream(): void {
    this.#stream = undefined;
    this.#session = undefined;
    if (this.connected) this.#options.stats.connected(false);
    this.connected = false;
  }
}
