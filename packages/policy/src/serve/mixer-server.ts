// A store of configuration → a Mixer that serves it: its API, its own metrics, and those of its adapters.
import { type Clock, type Dice, type Logger, Scope, type SocketAddress } from '@meltemi/base';
import type { ConfigStore } from '@meltemi/config';
import { type GrpcAddress, serveGrpc, serveHttp } from '@meltemi/rpc';

import { MetricRegistry } from '../adapters/metric-registry.ts';
import type { LineSink } from '../adapters/stdio.ts';
import { MANIFEST_0_2_2 } from '../attributes/manifest-0.2.2.ts';
import { MANIFEST_1_0_3 } from '../attributes/manifest-1.0.3.ts';

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
  readonly policy: PolicyStore;
  close(): Promise<void>;
}

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
  const service = mixerService({ policy: () => policy.current, metrics, logger });
  const grpc = await serveGrpc({ address: options.address, services: [service] });
  scope.defer(() => grpc.close(GRACE_MS));
  return {
    port: grpc.port,
    monitoringPort: monitoring.port,
    prometheusPort: prometheus.port,
    policy,
    close: () => scope.close(),
  };
}
