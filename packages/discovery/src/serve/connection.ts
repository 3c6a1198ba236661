// A connected proxy: its subscriber, with what is counted, logged and shown of it.
import type { Clock, Logger, Problem } from '@meltemi/base';
import type { PilotMetrics } from '../metrics.ts';
import type { ProxyNode } from '../proxy-node.ts';
import { NOTHING_SENT, type ProxyStatus, type TypeStatus } from '../proxy-status.ts';
import type { ProxyResources, ServedType } from '../resources.ts';
import type { AdsSession, AdsStream } from './ads-service.ts';
import { Subscriber, type SubscriberEvents, type SubscriptionRequest } from './subscriber.ts';

export interface ConnectionOptions {
  readonly node: ProxyNode;
  readonly variant: 'sotw' | 'delta';
  readonly stream: AdsStream;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PilotMetrics;
  readonly closed: () => void;
}

export class Connection implements AdsSession, SubscriberEvents {
  readonly node: ProxyNode;
  readonly #options: ConnectionOptions;
  readonly #subscriber: Subscriber;
  readonly #types = new Map<ServedType, TypeStatus>();
  readonly #connectedAt: number;
  #updateBegan = 0;
  #open = true;

  constructor(options: ConnectionOptions) {
    this.node = options.node;
    this.#options = options;
    this.#connectedAt = options.clock.now();
    const { variant, stream } = options;
    this.#subscriber = new Subscriber({ variant, send: (response) => stream.send(response), events: this });
    options.logger.info(`${options.node.id}: connected (${options.variant})`);
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
    const { variant } = this.#options;
    return { node: this.node, variant, connectedAt: this.#connectedAt, types: new Map(this.#types) };
  }

  /** What the proxy refused and has not taken since. */
  problems(): readonly Problem[] {
    return [...this.#types].flatMap(([type, { error }]): Problem[] => {
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
    this.#options.logger.info(`${this.node.id}: disconnected`);
    this.#options.closed();
  }

  sent(type: ServedType, { nonce, version, bytes }: { nonce: string; version: string; bytes: number }): void {
    const { metrics } = this.#options;
    this.#types.set(type, { ...this.#type(type), sentNonce: nonce, sentVersion: version });
    metrics.count('pilot_xds_pushes', 'Responses sent to proxies.', { type: type.toLowerCase() });
    metrics.count(
      'pilot_xds_sent_bytes_total',
      'Bytes of responses sent to proxies.',
      { type: type.toLowerCase() },
      bytes,
    );
  }

  acknowledged(type: ServedType, nonce: string): void {
    const known = this.#type(type);
    this.#types.set(type, { ...known, ackedNonce: nonce, ackedVersion: known.sentVersion, error: '' });
  }

  rejected(type: ServedType, _nonce: string, error: string): void {
    const { metrics, logger } = this.#options;
    this.#types.set(type, { ...this.#type(type), error: error || 'no reason given' });
    metrics.count('pilot_total_xds_rejects', 'Responses that proxies refused.');
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
}
