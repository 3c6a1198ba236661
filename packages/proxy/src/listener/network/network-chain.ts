// The network filters of a chain, in order: each connection passes those that admit, then the one that ends the chain has it.
import type { JsonObject } from '@bufbuild/protobuf';
import type { Clock } from '@meltemi/base';
import type { Transport } from '@meltemi/wire';
import { connectionEntry } from '../../http/connection-entry.ts';
import type { ConnectionEntry } from '../../http/stream-entry.ts';
import type { ArrivedConnection, ConnectionFilter, Denial, Inquiry } from './connection-filter.ts';
import { HeldConnection } from './held-connection.ts';
import type { Reception, TerminalFilter } from './terminal-filter.ts';

export interface ChainPlace {
  readonly name: string;
  readonly clock: Clock;
  /** A connection that the chain was given is gone. */
  readonly onConnectionClosed: () => void;
}

export class NetworkChain {
  readonly terminal: TerminalFilter;
  readonly #filters: readonly ConnectionFilter[];
  readonly #place: ChainPlace;
  readonly #held = new Set<HeldConnection>();

  /** `makeTerminal` is told what to call when a connection that it took is gone. */
  constructor(
    filters: readonly ConnectionFilter[],
    place: ChainPlace,
    makeTerminal: (onConnectionClosed: () => void) => TerminalFilter,
  ) {
    this.#filters = filters;
    this.#place = place;
    this.terminal = makeTerminal(() => this.#ended(filters.length));
  }

  /** Everything that its filters need is here. */
  get ready(): boolean {
    return this.terminal.ready && this.#filters.every(({ ready }) => ready ?? true);
  }

  get openConnections(): number {
    return this.terminal.openConnections + this.#held.size;
  }

  /** One connection begins its handshake. */
  expect(): Reception {
    return this.terminal.expect?.() ?? this.terminal;
  }

  /** Takes a connection whose handshake is done; `reception`: where it was expected. */
  accept(transport: Transport, localUris: readonly string[], reception: Reception = this.terminal): void {
    if (this.#filters.length === 0) reception.accept(transport, localUris, undefined);
    else this.#admit(new Arrival(transport, { chain: this.#place.name, localUris, reception }), 0);
  }

  closeIdle(): number {
    return this.terminal.closeIdle() + this.#held.size;
  }

  close(): void {
    for (const held of this.#held) held.destroy();
    this.terminal.close();
    for (const filter of this.#filters) filter.close();
  }

  #admit(arrival: Arrival, from: number): void {
    for (let index = from; index < this.#filters.length; index++) {
      const answer = this.#filters[index]!.admit?.(arrival);
      if (answer?.kind === 'denied') return this.#deny(arrival, answer, index);
      if (answer?.kind === 'asked') return this.#wait(arrival, answer, index);
    }
    let carried = arrival.transport;
    for (const filter of this.#filters) carried = filter.wrap?.(carried) ?? carried;
    arrival.reception.accept(carried, arrival.localUris, arrival.known);
  }

  /** `passed`: how many filters had let it in. */
  #deny(arrival: Arrival, { details, delayMs }: Denial, passed: number): void {
    this.terminal.denied?.(arrival.entry, details);
    if (delayMs === 0) {
      arrival.transport.destroy();
      return this.#ended(passed);
    }
    const held = this.#hold(arrival, passed);
    const timer = this.#place.clock.after(delayMs, () => held.destroy());
    held.onGone = () => timer.cancel();
  }

  #wait(arrival: Arrival, inquiry: Inquiry, passed: number): void {
    const held = this.#hold(arrival, passed);
    const asked = inquiry.start((denial) => {
      if (!this.#held.delete(held)) return;
      const bytes = held.release();
      if (denial) return this.#deny(arrival, denial, passed);
      this.#admit(arrival, passed + 1);
      if (bytes) arrival.transport.handler.onData(bytes);
    });
    held.onGone = () => asked.cancel();
  }

  /** Keeps the connection until it goes or is released. */
  #hold({ transport }: Arrival, passed: number): HeldConnection {
    const held = new HeldConnection(transport, () => {
      if (this.#held.delete(held)) this.#ended(passed);
    });
    this.#held.add(held);
    return held;
  }

  #ended(passed: number): void {
    for (let index = 0; index < passed; index++) this.#filters[index]!.released?.();
    this.#place.onConnectionClosed();
  }
}

const NO_METADATA: Readonly<Record<string, JsonObject>> = {};

interface ArrivalPlace {
  /** Its name. */
  readonly chain: string;
  readonly localUris: readonly string[];
  readonly reception: Reception;
}

class Arrival implements ArrivedConnection {
  readonly transport: Transport;
  readonly localUris: readonly string[];
  readonly reception: Reception;
  readonly #chainName: string;
  known: ConnectionEntry | undefined;
  metadata: Readonly<Record<string, JsonObject>> = NO_METADATA;

  constructor(transport: Transport, { chain, localUris, reception }: ArrivalPlace) {
    this.transport = transport;
    this.#chainName = chain;
    this.localUris = localUris;
    this.reception = reception;
  }

  get entry(): ConnectionEntry {
    return (this.known ??= connectionEntry(this.transport, this.#chainName, this.localUris));
  }

  addMetadata(filter: string, values: JsonObject): void {
    this.metadata = { ...this.metadata, [filter]: { ...this.metadata[filter], ...values } };
    this.entry.metadata = this.metadata;
  }
}
