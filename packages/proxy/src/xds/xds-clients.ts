// Turns a ConfigSource into the client that serves it; sources that name the same server or file share one client.
import { readFileSync } from 'node:fs';
import { type Clock, type Dice, durationToMs, type Logger } from '@meltemi/base';
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { StatsStore } from '@meltemi/telemetry';
import { readTls } from '../bootstrap/cluster-address.ts';
import { type ConfigTarget, configTarget, XdsSourceError } from './config-target.ts';
import { FileClient } from './file-client.ts';
import { INITIAL_FETCH_MS, InitialFetchClient } from './initial-fetch.ts';
import { StreamClient } from './stream-client.ts';
import { TextReadouts } from './text-readouts.ts';
import { TypedClients } from './typed-clients.ts';
import type { UnknownFieldRule } from './unknown-fields.ts';
import type { WatchedFile } from './watched-file.ts';
import type { XdsClient } from './xds-client.ts';
import { serviceOf, type XdsService } from './xds-method.ts';
import { adsStats, sourceStats, wildcardStats, type XdsStats } from './xds-stats.ts';
import { openXdsStream } from './xds-stream.ts';

export interface XdsClientsOptions {
  readonly bootstrap: Bootstrap;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly stats: StatsStore;
  /** Where the versions of what was accepted are shown. */
  readonly readouts?: TextReadouts;
  /** Resources with unknown fields are refused; else these are counted and passed over. */
  readonly rejectUnknownFields?: boolean;
}

export interface XdsClients {
  /**
   * ADS, a gRPC source of its own, or a file. Throws XdsSourceError for a source that can't be used: no ADS in the
   * bootstrap, unknown cluster, no such file …
   */
  forConfigSource(source: ConfigSource | undefined): XdsClient;
  /** All sources in use, for the admin pages. */
  all(): Iterable<XdsClient>;
  close(): void;
}

export { XdsSourceError };

export function createXdsClients(options: XdsClientsOptions): XdsClients {
  const sources = new SourceClients(options);
  return {
    forConfigSource(source) {
      const client = sources.client(configTarget(source, options.bootstrap));
      const timeoutMs = source?.initialFetchTimeout ? durationToMs(source.initialFetchTimeout) : INITIAL_FETCH_MS;
      return timeoutMs === 0 ? client : sources.withTimeout(client, timeoutMs);
    },
    all: () => sources.all(),
    close: () => sources.close(),
  };
}

class SourceClients {
  readonly #options: XdsClientsOptions;
  readonly #clients = new Map<string, XdsClient>();
  /** By client and time: the same source gives the same object. */
  readonly #timed = new Map<XdsClient, Map<number, XdsClient>>();
  readonly #adsStats: XdsStats;
  readonly #stats: XdsStats;
  readonly #unknownFields: UnknownFieldRule;

  constructor(options: XdsClientsOptions) {
    this.#options = options;
    const wildcards = wildcardStats(options.stats, options.readouts ?? new TextReadouts());
    this.#adsStats = adsStats(options.stats, wildcards);
    this.#stats = sourceStats(wildcards);
    const unknown = options.stats.scope('server').counter('dynamic_unknown_fields');
    this.#unknownFields = { refuse: options.rejectUnknownFields ?? false, count: () => unknown.increment() };
  }

  client(target: ConfigTarget): XdsClient {
    const key = targetKey(target);
    const client = this.#clients.get(key) ?? this.#open(target);
    this.#clients.set(key, client);
    return client;
  }

  withTimeout(client: XdsClient, timeoutMs: number): XdsClient {
    const timed = this.#timed.get(client) ?? new Map<number, XdsClient>();
    this.#timed.set(client, timed);
    const known = timed.get(timeoutMs);
    if (known) return known;
    const made = new InitialFetchClient(client, timeoutMs, this.#options.clock, (type) => this.#stats.timedOut(type));
    timed.set(timeoutMs, made);
    return made;
  }

  all(): Iterable<XdsClient> {
    return this.#clients.values();
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #open(target: ConfigTarget): XdsClient {
    if (target.kind === 'file') return this.#file(target.file);
    if (target.aggregated) return this.#stream('ads', target);
    return new TypedClients((type) => this.#stream(serviceOf(type), target));
  }

  #stream(service: XdsService, target: Extract<ConfigTarget, { kind: 'server' }>): XdsClient {
    const { clock, dice, logger, bootstrap } = this.#options;
    const { form, server } = target;
    return new StreamClient({
      server: `${service} ${server.cluster}`,
      form,
      node: bootstrap.node,
      open: (handler) =>
        openXdsStream(
          { service, form, address: server.address, tls: server.tls && readTls(server.tls, readPem) },
          handler,
        ),
      clock,
      dice,
      logger: logger.named('xds'),
      stats: service === 'ads' ? this.#adsStats : this.#stats,
      unknownFields: this.#unknownFields,
    });
  }

  #file(file: WatchedFile): XdsClient {
    const { clock, logger } = this.#options;
    const unknownFields = this.#unknownFields;
    try {
      return new FileClient({ file, clock, logger: logger.named('xds'), stats: this.#stats, unknownFields });
    } catch (error) {
      throw new XdsSourceError(`${file.path} can't be watched: ${(error as Error).message}`, { cause: error });
    }
  }
}

function targetKey(target: ConfigTarget): string {
  if (target.kind === 'file') return `file ${target.file.path} ${target.file.directory ?? ''}`;
  return `${target.aggregated ? 'ads' : 'own'} ${target.form} ${target.server.cluster}`;
}

function readPem(path: string): string {
  return readFileSync(path, 'utf8');
}
