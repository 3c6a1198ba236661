// A store of configuration → a Mixer that serves it: its API, its own metrics, and those of its adapters.
import { LIMIT_DOMAIN } from '@meltemi/api';
import { type Clock, type Dice, type Logger, Scope, type SocketAddress } from '@meltemi/base';
import type { ConfigStore, ConfigView } from '@meltemi/config';
import { type GrpcAddress, serveGrpc, serveHttp } from '@meltemi/rpc';

import { MetricRegistry } from '../adapters/metric-registry.ts';
import type { LineSink } from '../adapters/stdio.ts';
import { MANIFEST_0_2_2 } from '../attributes/manifest-0.2.2.ts';
import { MANIFEST_1_0_3 } from '../attributes/manifest-1.0.3.ts';

import { aspectStore } from '../aspects/check-aspects.ts';
import { configApi } from '../aspects/config-api.ts';
import { accessLogService } from '../envoy/access-log-service.ts';
import { authorizationService } from '../envoy/authorization-service.ts';

import { policyLimits } from '../limits/policy-limits.ts';
import { LimitFiles } from '../limits/limit-files.ts';
import { type LimitServiceOptions, rateLimitService } from '../limits/rate-limit-service.ts';
import type { LimitTrees } from '../limits/rate-limit-tree.ts';
import { MemoryCounters } from '../quota/quota-counters.ts';
import { RedisCounters } from '../quota/redis-counters.ts';

import type { RateLimitFlags } from './command-line.ts';
import { MixerMetrics, monitoringApp, scrapeApp } from './mixer-metrics.ts';
import { mixerService } from './mixer-service.ts';
import { PolicyStore } from './policy-store.ts';

export interface MixerServerOptions {
  readonly config: ConfigStore;
  readonly configNamespace: string;
  readonly address: GrpcAddress;
  readonly monitoring: SocketAddress;
  /** Where the metrics of the adapter prometheus are scraped. */
  readonly prometheus: SocketAddress;
  /** Of the configuration API of 0.1; undefined: it is not served. */
  readonly configApi?: SocketAddress | undefined;
  readonly rateLimits?: RateLimitFlags;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  /** Where the adapter stdio writes. */
  readonly write: LineSink;
  readonly version: string;
}

export interface MixerServer {
  readonly port: number;
  readonly monitoringPort: number;
  readonly prometheusPort: number;
  /** 0: it is not served. */
  readonly configApiPort: number;
  readonly policy: PolicyStore;
  close(): Promise<void>;
}

const NO_TREES: LimitTrees = new Map();

/** How long calls get to end by themselves. */
const GRACE_MS = 500;

/** Rejects when an address can't be bound; what was opened until then is closed. */
export async function serveMixer(options: MixerServerOptions): Promise<MixerServer> {
  const scope = new Scope();
  try {
    return await serve(options, scope);
  } catch (error) {
    await scope.close();
    throw error;
  }
}

async function serve(options: MixerServerOptions, scope: Scope): Promise<MixerServer> {
  const { config, configNamespace, clock, dice, logger, write } = options;
  const metrics = new MixerMetrics();
  const manifest = { ...MANIFEST_0_2_2, ...MANIFEST_1_0_3 };
  const adapterMetrics = new MetricRegistry(clock);
  const world = { clock, dice, logger, write, metrics: adapterMetrics };
  const policy = new PolicyStore({ world, configNamespace, manifest, logger }, config.view());
  scope.defer(() => policy.close());
  const watch = config.watch((view) => policy.update(view));
  scope.defer(() => watch.close());
  const monitoring = await serveHttp(
    monitoringApp(metrics, () => policy.current, options.version),
    options.monitoring,
  );
  scope.defer(() => monitoring.close());
  const prometheus = await serveHttp(scrapeApp(adapterMetrics), options.prometheus);
  scope.defer(() => prometheus.close());
  const aspects = aspectStore(config, configNamespace, { clock, dice, logger });
  const api = options.configApi && (await serveHttp(configApi(aspects), options.configApi));
  scope.defer(() => api?.close());
  const called = { policy: () => policy.current, metrics, logger };
  const limited = await openLimits(options, scope);
  const services = [
    mixerService(called),
    authorizationService(called),
    accessLogService(called),
    rateLimitService({ ...called, ...limited }),
  ];
  const grpc = await serveGrpc({ address: options.address, services });
  scope.defer(() => grpc.close(GRACE_MS));
  return {
    port: grpc.port,
    monitoringPort: monitoring.port,
    prometheusPort: prometheus.port,
    configApiPort: api?.port ?? 0,
    policy,
    close: () => scope.close(),
  };
}

async function openLimits(
  { rateLimits, config, clock, logger }: MixerServerOptions,
  scope: Scope,
): Promise<Pick<LimitServiceOptions, 'limits' | 'counters'>> {
  const { directory, redis } = rateLimits ?? {};
  const counters = redis === undefined ? new MemoryCounters(clock) : new RedisCounters(redis, clock, logger);
  scope.defer(() => counters.close());
  const files = directory === undefined ? undefined : await LimitFiles.open(directory, clock, logger);
  scope.defer(() => files?.close());
  let trees = limitTrees(files, config.view());
  const watch = config.watch((view) => void (trees = limitTrees(files, view)));
  scope.defer(() => watch.close());
  return { counters, limits: () => trees() };
}

/** Those of the files, beside the domain of the mesh's own policies. */
function limitTrees(files: LimitFiles | undefined, view: ConfigView): () => LimitTrees {
  const own = policyLimits(view.objects('RateLimitPolicy'));
  return () => new Map([...(files?.trees ?? NO_TREES), [LIMIT_DOMAIN, own]]);
}
