// Turns a FilterChain into a running one: TLS, network filters, its connections; shared by the versions of a listener that have it.
import { fromBinary } from '@bufbuild/protobuf';
import { durationToMs, type Timer } from '@meltemi/base';
import type { FilterChain as FilterChainConfig } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import type { TransportSocket } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type DownstreamTlsContext,
  DownstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { Transport } from '@meltemi/wire';
import { DownstreamTls } from './downstream-tls.ts';
import { ListenerConfigError } from './listener-config-error.ts';
import type { ListenerParts } from './listener-parts.ts';
import type { ListenerStats } from './listener-stats.ts';
import { DrainSequence } from '../drain/drain-sequence.ts';
import { compileNetworkChain } from './network/compile-chain.ts';
import type { NetworkChain } from './network/network-chain.ts';
import type { Reception } from './network/terminal-filter.ts';

/** How often a chain that drains looks for idle connections, in milliseconds. */
const DRAIN_STEP_MS = 250;
/** A handshake that takes longer is given up; Envoy waits without end unless told otherwise. */
const HANDSHAKE_TIMEOUT_MS = 15_000;

export class FilterChain {
  readonly tls: DownstreamTls | undefined;
  readonly handshakeTimeoutMs: number;
  readonly #network: NetworkChain;
  readonly #parts: ListenerParts;
  /** Begins when nothing leads here any more. */
  readonly #drain: DrainSequence;
  #holders = 0;
  #drainEnd = 0;
  #drainTimer: Timer | undefined;
  #closed = false;

  /** Throws a typed error for what can't be honoured. `onReady`: something that was missing came. */
  constructor(config: FilterChainConfig, stats: ListenerStats, parts: ListenerParts, onReady: () => void) {
    this.#parts = parts;
    const { clock, dice, drainDecision, drainTimeMs } = parts;
    const settings = parts.drain?.settings ?? { timeMs: drainTimeMs, strategy: 'immediate' };
    this.#drain = new DrainSequence(settings, clock, dice);
    const drain = { closes: () => this.#drain.closes() || (drainDecision?.closes() ?? false) };
    const timeout = config.transportSocketConnectTimeout;
    this.handshakeTimeoutMs = timeout ? durationToMs(timeout) : HANDSHAKE_TIMEOUT_MS;
    const context = downstreamTlsContext(config.transportSocket);
    this.tls = context && new DownstreamTls(context, parts.watchSecret, parts.clock, onReady);
    const place = {
      chainName: config.name,
      onReady,
      onConnectionClosed: () => closed(stats),
      configMissing: stats.networkConfigMissing,
    };
    try {
      this.#network = compileNetworkChain(config.filters, place, { ...parts, drainDecision: drain });
    } catch (error) {
      this.tls?.close();
      throw error;
    }
  }

  /** Routes and secrets are here. */
  get ready(): boolean {
    return (this.tls?.ready ?? true) && this.#network.ready;
  }

  /** Takes HTTP/1.1 requests as streams of HTTP/2 from sidecars of our kind. */
  get multiplexes(): boolean {
    return this.#network.terminal.multiplexes === true;
  }

  get openConnections(): number {
    return this.#network.openConnections;
  }

  /** One connection begins its handshake. */
  expect(): Reception {
    return this.#network.expect();
  }

  /** Takes a connection whose handshake, if any, is done; `reception`: where it was expected. */
  accept(transport: Transport, reception: Reception | undefined): void {
    this.#network.accept(transport, this.tls?.localUris ?? [], reception);
  }

  /** A version of the listener has this chain. */
  hold(): void {
    this.#holders++;
  }

  /** A version gave the chain up; when none is left, it drains and closes. */
  release(): void {
    if (--this.#holders === 0) this.#drainThenClose();
  }

  /** Responses close their connections from now on. */
  drain(): void {
    this.#network.terminal.drain();
  }

  /** While draining: how many connections are left, idle ones closed. */
  closeIdle(): number {
    return this.#network.closeIdle();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.drainingChains.delete(this);
    this.#drainTimer?.cancel();
    this.tls?.close();
    this.#network.close();
  }

  #drainThenClose(): void {
    this.#drain.begin();
    if (!this.#drain.gradual) this.drain();
    this.#parts.drainingChains.add(this);
    this.#drainEnd = this.#parts.clock.monotonic() + this.#parts.drainTimeMs;
    this.#drainStep();
  }

  #drainStep(): void {
    if (this.#closed) return;
    // While connections end by and by, one that is idle may be about to be used.
    const left = this.#drain.gradual ? this.openConnections : this.closeIdle();
    if (left === 0 || this.#parts.clock.monotonic() >= this.#drainEnd) return this.close();
    this.#drainTimer = this.#parts.clock.after(DRAIN_STEP_MS, () => this.#drainStep());
  }
}

function closed(stats: ListenerStats): void {
  stats.cxActive.decrement();
  stats.workerCxActive.decrement();
  stats.cxDestroy.increment();
}

function downstreamTlsContext(socket: TransportSocket | undefined): DownstreamTlsContext | undefined {
  if (socket?.configType.case !== 'typedConfig') return undefined;
  const { typeUrl, value } = socket.configType.value;
  const type = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
  if (type === DownstreamTlsContextSchema.typeName) return fromBinary(DownstreamTlsContextSchema, value);
  if (type === 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer') return undefined;
  throw new ListenerConfigError('UNSUPPORTED_FIELD', `transport socket ${socket.name}: unknown type ${type}`);
}
