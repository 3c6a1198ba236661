// A connected proxy: its subscriber, with what is counted, logged and shown of it.
import type { Clock, Logger, Problem } from '@meltemi/base';
import { BYTES, type PilotMetrics } from '../metrics.ts';
import type { ProxyNode } from '../proxy-node.ts';
import { NOTHING_SENT, type ProxyStatus, type TypeStatus } from '../proxy-status.ts';
import { type ProxyResources, SERVED_TYPE_URL, type ServedType } from '../resources.ts';
import type { Caller } from './ads-call.ts';
import type { AdsSession, AdsStream } from './ads-service.ts';
import type { EncodedResponse } from './encode-response.ts';
import type { Refused } from './quarantine.ts';
import type { ProxyQuarantine } from './quarantines.ts';
import { refusalProblem } from './refusal-problems.ts';
import type { SendRoom } from './send-room.ts';
import { Subscriber, type SubscriberEvents, type SubscriptionRequest } from './subscriber.ts';

export interface ConnectionOptions {
  /** Of this connection alone. */
  readonly id: string;
  readonly node: ProxyNode;
  /** Who it has proved to be; undefined where nobody was asked. */
  readonly caller: Caller | undefined;
  readonly variant: 'sotw' | 'delta';
  readonly stream: AdsStream;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PilotMetrics;
  /** What the proxy refused on earlier streams. */
  readonly quarantine: ProxyQuarantine;
  /** Shared by all connections. */
  readonly room: SendRoom;
  readonly closed: () => void;
}

export class Connection implements AdsSession, SubscriberEvents {
  readonly id: string;
  readonly node: ProxyNode;
  readonly #options: ConnectionOptions;
  readonly #subscriber: Subscriber;
  readonly #types = new Map<ServedType, TypeStatus>();
  readonly #connectedAt: number;
  /** Of responses that are on their way. */
  readonly #gives = new Set<() => void>();
  /** Calls off the wait for room; undefined: it doesn't wait. */
  #callOff: (() => void) | undefined;
  #updateBegan = 0;
  #open = true;

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.node = options.node;
    this.#options = options;
    this.#connectedAt = options.clock.now();
    const { variant, quarantine } = options;
    const send = (response: EncodedResponse) => this.#send(response);
    this.#subscriber = new Subscriber({ variant, send, events: this, quarantine, mayBegin: () => this.#mayBegin() });
    options.logger.info(`${options.node.id}: connected (${options.variant})`);
  }

  /** True when it has shown to be of its namespace. */
  get proven(): boolean {
    return this.#options.caller !== undefined;
  }

  /** `began`: when the change that led here was taken up, on the monotonic clock. */
  update(resources: ProxyResources, snapshotVersion: number, began: number): void {
    this.#updateBegan = began;
    this.#subscriber.update(resources, snapshotVersion);
  }

  receive(request: SubscriptionRequest): void {
    this.#subscriber.receive(request);
  }

  status(): ProxyStatus {
    const { variant, stream } = this.#options;
    return {
      connectionId: this.id,
      node: this.node,
      peer: stream.peer,
      variant,
      connectedAt: this.#connectedAt,
      types: new Map([...this.#types].map(([type, status]) => [type, this.#withRefused(type, status)])),
      watches: new Map(this.#subscriber.subscriptions.map(({ type, watched }) => [type, watched])),
    };
  }

  /** What the proxy refused and has not taken since. */
  problems(): readonly Problem[] {
    return [...this.#types].flatMap(([type, { error }]): Problem[] => {
      const refused = this.#refused(type);
      if (refused.length > 0) return refused.map((resource) => refusalProblem(this.node, type, resource));
      if (!error) return [];
      const message = `proxy ${this.node.workload}.${this.node.namespace} refused ${type}: ${error}`;
      return [{ severity: 'error', code: 'MEL0302', message }];
    });
  }

  /** Ends the stream from this side; the proxy keeps what it has, and connects again. */
  end(): void {
    this.#options.stream.end();
    this.close();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#callOff?.();
    for (const give of this.#gives) give();
    this.#options.logger.info(`${this.node.id}: disconnected`);
    this.#options.closed();
  }

  /** Where too much is on its way to all, it is called again when there is room, and sends what is due then. */
  #mayBegin(): boolean {
    const { room } = this.#options;
    if (room.isFree) return true;
    this.#callOff ??= room.wait(() => {
      this.#callOff = undefined;
      this.#subscriber.resume();
    });
    return false;
  }

  #send(response: EncodedResponse): void {
    const give = this.#options.room.take(response.byteLength);
    this.#gives.add(give);
    this.#options.stream.send(response.parts, () => {
      this.#gives.delete(give);
      give();
    });
  }

  sent(type: ServedType, { nonce, version, bytes }: { nonce: string; version: string; bytes: number }): void {
    const { metrics, clock } = this.#options;
    this.#types.set(type, { ...this.#type(type), sentNonce: nonce, sentVersion: version, sentAt: clock.now() });
    metrics.count('pilot_xds_pushes', 'Responses sent to proxies.', { type: type.toLowerCase() });
    const help = 'Distribution of configuration sizes pushed to clients';
    metrics.observe('pilot_xds_config_size_bytes', help, bytes, { type: SERVED_TYPE_URL[type] }, BYTES);
  }

  acknowledged(type: ServedType, nonce: string): void {
    const known = this.#type(type);
    this.#types.set(type, { ...known, ackedNonce: nonce, ackedVersion: known.sentVersion, error: '' });
  }

  rejected(type: ServedType, _nonce: string, error: string): void {
    const { metrics, logger } = this.#options;
    this.#types.set(type, { ...this.#type(type), error: error || 'no reason given' });
    metrics.count('pilot_total_xds_rejects', 'Responses that proxies refused.', { type: type.toLowerCase() });
    metrics.count(`pilot_xds_${type.toLowerCase()}_reject`, `${type} responses that proxies refused.`, {
      node: this.node.id,
    });
    logger.warn(`${this.node.id}: refused ${type}: ${error}`);
  }

  converged(): void {
    const seconds = (this.#options.clock.monotonic() - this.#updateBegan) / 1000;
    const help = 'Seconds from a change to the moment when a proxy has taken all of it.';
    this.#options.metrics.observe('pilot_proxy_convergence_time', help, seconds);
  }

  #type(type: ServedType): TypeStatus {
    return this.#types.get(type) ?? NOTHING_SENT;
  }

  #refused(type: ServedType): readonly Refused[] {
    return this.#subscriber.subscriptions.find((subscription) => subscription.type === type)?.quarantine.refused ?? [];
  }

  /** What it goes on without is an error, though it took the rest. */
  #withRefused(type: ServedType, status: TypeStatus): TypeStatus {
    const refused = this.#refused(type);
    if (refused.length === 0) return status;
    const reasons = new Map(refused.map(({ fragment, reason }) => [fragment.name, reason]));
    return { ...status, error: [...reasons].map(([name, reason]) => `${name}: ${reason}`).join('; ') };
  }
}
