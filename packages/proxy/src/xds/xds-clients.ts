// Turns a ConfigSource into the client that serves it; sources that name the same server share one stream.
import { readFileSync } from 'node:fs';
import type { Clock, Dice, Logger } from '@meltemi/base';
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import {
  type ApiConfigSource,
  ApiConfigSource_ApiType as ApiType,
  type ConfigSource,
} from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { StatsStore } from '@meltemi/telemetry';
import { type ClusterAddress, clusterAddress, readTls } from '../bootstrap/cluster-address.ts';
import { StreamClient } from './stream-client.ts';
import type { XdsClient } from './xds-client.ts';
import type { XdsForm, XdsService } from './xds-method.ts';
import { adsStats, secretStats } from './xds-stats.ts';
import { openXdsStream } from './xds-stream.ts';

export interface XdsClientsOptions {
  readonly bootstrap: Bootstrap;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  readonly stats: StatsStore;
}

export interface XdsClients {
  /**
   * ADS, or a gRPC source of its own, which serves secrets. Throws XdsSourceError for a source that can't be used: no ADS
   * in the bootstrap, unknown cluster, a path …
   */
  forConfigSource(source: ConfigSource | undefined): XdsClient;
  /** All streams in use, for the admin pages. */
  all(): Iterable<XdsClient>;
  close(): void;
}

/** A config source names nothing that can be asked. */
export class XdsSourceError extends Error {
  readonly code = 'XDS_SOURCE';
}

const FORMS: ReadonlyMap<ApiType, XdsForm> = new Map([
  [ApiType.GRPC, 'sotw'],
  [ApiType.AGGREGATED_GRPC, 'sotw'],
  [ApiType.DELTA_GRPC, 'delta'],
  [ApiType.AGGREGATED_DELTA_GRPC, 'delta'],
]);

export function createXdsClients(options: XdsClientsOptions): XdsClients {
  const clients = new Map<string, XdsClient>();
  return {
    forConfigSource(source) {
      const { service, api } = grpcSource(source, options.bootstrap);
      const target = streamTarget(service, api, options.bootstrap);
      const key = `${service} ${target.form} ${target.cluster}`;
      const client = clients.get(key) ?? streamClient(target, options);
      clients.set(key, client);
      return client;
    },
    all: () => clients.values(),
    close() {
      for (const client of clients.values()) client.close();
    },
  };
}

interface GrpcSource {
  readonly service: XdsService;
  readonly api: ApiConfigSource;
}

function grpcSource(source: ConfigSource | undefined, bootstrap: Bootstrap): GrpcSource {
  const specifier = source?.configSourceSpecifier;
  switch (specifier?.case) {
    case 'ads':
    case 'self': {
      const api = bootstrap.dynamicResources?.adsConfig;
      if (!api) throw new XdsSourceError('the source is ads, and the bootstrap has no dynamic_resources.ads_config');
      return { service: 'ads', api };
    }
    case 'apiConfigSource': {
      const aggregated = AGGREGATED.includes(specifier.value.apiType);
      return { service: aggregated ? 'ads' : 'sds', api: specifier.value };
    }
    default:
      throw new XdsSourceError(
        `config source ${specifier?.case ?? '(empty)'} is not supported: use ads or a gRPC api_config_source`,
      );
  }
}

const AGGREGATED: readonly ApiType[] = [ApiType.AGGREGATED_GRPC, ApiType.AGGREGATED_DELTA_GRPC];

type StreamTarget = Extract<ClusterAddress, { kind: 'address' }> & {
  readonly service: XdsService;
  readonly form: XdsForm;
};

function streamTarget(service: XdsService, api: ApiConfigSource, bootstrap: Bootstrap): StreamTarget {
  const form = FORMS.get(api.apiType);
  if (!form) throw new XdsSourceError(`api_type ${ApiType[api.apiType]} is not supported: use GRPC or DELTA_GRPC`);
  const found = clusterAddress(bootstrap, api);
  if (found.kind === 'refused') throw new XdsSourceError(found.message);
  return { ...found, service, form };
}

function streamClient(target: StreamTarget, options: XdsClientsOptions): XdsClient {
  const { service, form, address, tls, cluster } = target;
  return new StreamClient({
    server: `${service} ${cluster}`,
    form,
    node: options.bootstrap.node,
    open: (handler) => openXdsStream({ service, form, address, tls: tls && readTls(tls, readPem) }, handler),
    clock: options.clock,
    dice: options.dice,
    logger: options.logger.named('xds'),
    stats: service === 'ads' ? adsStats(options.stats) : secretStats(options.stats, cluster),
  });
}

function readPem(path: string): string {
  return readFileSync(path, 'utf8');
}
