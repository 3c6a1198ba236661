// Writes the records of one request: at its end, and where that is wanted when it began, while it lasts, and when it became a tunnel.
import type { AccessLog, AccessLogType } from '@meltemi/telemetry';
import { Deadline } from '../http/deadline.ts';
import type { HttpSite } from '../http/http-site.ts';
import type { StreamEntry } from '../http/stream-entry.ts';

/** One a connection, for one request after the other. */
export class StreamLogs {
  readonly #site: HttpSite;
  readonly #entry: StreamEntry;
  readonly #logs: readonly AccessLog[];
  readonly #periodic: Deadline | undefined;

  constructor(site: HttpSite, entry: StreamEntry) {
    this.#site = site;
    this.#entry = entry;
    this.#logs = site.accessLogs;
    const wanted = site.settings.logMoments.intervalMs > 0 && this.#logs.length > 0;
    this.#periodic = wanted ? new Deadline(site.clock, () => this.#onInterval()) : undefined;
  }

  /** The request's head is there. */
  begin(): void {
    const { onNewRequest } = this.#site.settings.logMoments;
    if (onNewRequest) this.#write('DownstreamStart');
    this.#periodic?.set(this.#nextInterval());
  }

  tunnel(): void {
    if (this.#site.settings.logMoments.onTunnel) this.#write('DownstreamTunnelSuccessfullyEstablished');
  }

  /** The entry is complete. */
  finish(): void {
    this.#periodic?.clear();
    this.#write('DownstreamEnd');
  }

  /** At the end of the connection: no timer stays. */
  close(): void {
    this.#periodic?.close();
  }

  #onInterval(): void {
    this.#entry.durationMs = this.#site.clock.monotonic() - this.#entry.startedMs;
    this.#write('DownstreamPeriodic');
    this.#periodic?.set(this.#nextInterval());
  }

  #nextInterval(): number {
    return this.#site.clock.monotonic() + this.#site.settings.logMoments.intervalMs;
  }

  #write(type: AccessLogType): void {
    this.#entry.logType = type;
    for (const log of this.#logs) log.log(this.#entry);
  }
}
