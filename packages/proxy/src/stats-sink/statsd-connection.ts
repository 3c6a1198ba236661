// Keeps one connection to a statsd server that is a cluster, and opens another when it is lost.
import type { Clusters, UpstreamTcp, UpstreamTcpHandler } from '../cluster/cluster.ts';

/** That wait for a connection. */
const MOST_LINES = 10_000;

export class StatsdConnection implements UpstreamTcpHandler {
  readonly #clusters: Clusters;
  readonly #cluster: string;
  #connection: UpstreamTcp | undefined;
  #waiting: readonly string[] = [];
  #ready = false;

  constructor(clusters: Clusters, cluster: string) {
    this.#clusters = clusters;
    this.#cluster = cluster;
  }

  /** What comes while the connection opens waits, within a bound. */
  send(lines: readonly string[]): void {
    this.#waiting = [...this.#waiting, ...lines].slice(-MOST_LINES);
    if (this.#ready) this.#write();
    else if (!this.#connection) this.#open();
  }

  close(): void {
    this.#connection?.close();
    this.#forget();
  }

  onConnected(): void {
    this.#ready = true;
    this.#write();
  }

  onData(): void {}

  onDrain(): void {}

  onEnd(): void {
    this.#connection?.close();
    this.#forget();
  }

  onClose(): void {
    this.#forget();
  }

  #open(): void {
    const cluster = this.#clusters.get(this.#cluster);
    const host = cluster?.pick({ hash: undefined, tried: [] });
    this.#connection = host && cluster?.connectTcp(host, this);
  }

  #write(): void {
    if (this.#waiting.length > 0) this.#connection?.write(Buffer.from(`${this.#waiting.join('\n')}\n`));
    this.#waiting = [];
  }

  #forget(): void {
    this.#connection = undefined;
    this.#ready = false;
  }
}
