// The loop that owns change: events → hold-off → snapshot → resources → subscribers.
import type { Clock, Logger, Problem } from '@meltemi/base';
import type { RegistryStore, WatchedStore } from '@meltemi/registry';
import { SnapshotResources } from './compile.ts';
import { FragmentCache } from './fragment-cache.ts';
import { HoldOff } from './hold-off.ts';
import type { MeshSettings } from './mesh.ts';
import { PilotMetrics } from './metrics.ts';
import { ProblemLog } from './problem-log.ts';
import type { ProxyNode } from './proxy-node.ts';
import type { ProxyStatus } from './proxy-status.ts';
import type { ProxyResources } from './resources.ts';
import {
  type AdsService,
  adsService,
  type AdsSession,
  type AdsStream,
  type Authenticate,
} from './serve/ads-service.ts';
import { Connection } from './serve/connection.ts';
import type { Snapshot } from './snapshot.ts';
import { unservedProblems } from './unserved-problems.ts';

/** The sources have been read completely when the server is made: it never serves less than they hold. */
export interface DiscoveryServerOptions {
  readonly config: WatchedStore;
  readonly registry: RegistryStore;
  readonly mesh: MeshSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Problems of stores beside the configuration: those of the pods' directory. */
  readonly moreProblems?: () => readonly Problem[];
}

/** Events closer than this are one change; a change waits no longer than MAX_HOLD_MS. */
const QUIET_MS = 10;
const MAX_HOLD_MS = 200;

export class DiscoveryServer {
  readonly metrics = new PilotMetrics();
  readonly #options: DiscoveryServerOptions;
  readonly #cache = new FragmentCache();
  readonly #connections = new Set<Connection>();
  readonly #holdOff: HoldOff;
  readonly #watch: { close(): void };
  readonly #problemLog: ProblemLog;
  #resources: SnapshotResources;

  constructor(options: DiscoveryServerOptions) {
    this.#options = options;
    this.#resources = this.#read(1);
    this.#problemLog = new ProblemLog(options.logger.named('config'));
    this.#problemLog.update(this.problems());
    const { clock, registry } = options;
    this.#holdOff = new HoldOff({ clock, quietMs: QUIET_MS, maxMs: MAX_HOLD_MS, go: () => this.#push() });
    // The registry reads the configuration too, and tells of each change of it.
    this.#watch = registry.watch(() => this.#event());
  }

  get snapshot(): Snapshot {
    return this.#resources.snapshot;
  }

  /** Resources generated since the start, for one input each. */
  get generated(): number {
    return this.#cache.misses;
  }

  /** The discovery service for one port; `authenticate` undefined: everyone who reaches it is served. */
  service(authenticate: Authenticate | undefined): AdsService {
    const logger = this.#options.logger.named('ads');
    return adsService({ authenticate, logger, open: (node, variant, stream) => this.#open(node, variant, stream) });
  }

  proxies(): readonly ProxyStatus[] {
    return [...this.#connections].map((connection) => connection.status());
  }

  /** What a connected proxy is to have; undefined when none of that id is connected. */
  resourcesOf(proxyId: string): ProxyResources | undefined {
    const found = [...this.#connections].find(({ node }) => proxyIds(node).includes(proxyId));
    return found && this.#resources.resourcesOf(found.node);
  }

  /** All that is wrong now: with the configuration, the registry, and what proxies refused. */
  problems(): readonly Problem[] {
    const { config, registry } = this.snapshot;
    return [
      ...config.problems,
      ...(this.#options.moreProblems?.() ?? []),
      ...unservedProblems(config),
      ...registry.problems,
      ...this.#resources.problems,
      ...[...this.#connections].flatMap((connection) => connection.problems()),
    ];
  }

  close(): void {
    this.#holdOff.close();
    this.#watch.close();
    for (const connection of this.#connections) connection.end();
  }

  #open(node: ProxyNode, variant: 'sotw' | 'delta', stream: AdsStream): AdsSession {
    const { clock, logger } = this.#options;
    const connection = new Connection({
      node,
      variant,
      stream,
      clock,
      logger: logger.named('ads'),
      metrics: this.metrics,
      closed: () => {
        this.#connections.delete(connection);
        this.#countProxies();
      },
    });
    this.#connections.add(connection);
    this.#countProxies();
    connection.update(this.#resources.resourcesOf(node), this.snapshot.version, clock.monotonic());
    return connection;
  }

  #event(): void {
    this.metrics.count('pilot_inbound_updates', 'Updates received by pilot.', { type: 'config' });
    this.#holdOff.event();
  }

  #push(): void {
    const { clock, logger } = this.#options;
    const began = clock.monotonic();
    this.#resources = this.#read(this.snapshot.version + 1);
    this.#problemLog.update(this.problems());
    const { version } = this.snapshot;
    for (const connection of this.#connections) {
      connection.update(this.#resources.resourcesOf(connection.node), version, began);
    }
    const tookMs = clock.monotonic() - began;
    this.metrics.observe('pilot_xds_push_time', 'Seconds pilot takes to push a snapshot.', tookMs / 1000);
    logger.named('ads').info(`push ${version}: ${this.#connections.size} proxies in ${tookMs.toFixed(1)} ms`);
  }

  #read(version: number): SnapshotResources {
    const { config, registry, mesh } = this.#options;
    const snapshot = { version, config: config.view(), registry: registry.view(), mesh };
    this.metrics.set('pilot_services', 'Services known to pilot.', snapshot.registry.services.length);
    this.metrics.set('pilot_virt_services', 'Virtual services known to pilot.', snapshot.config.virtualServices.length);
    return new SnapshotResources(snapshot, this.#cache);
  }

  #countProxies(): void {
    this.metrics.set('pilot_xds', 'Proxies connected to pilot.', this.#connections.size);
  }
}

/** A proxy goes by its node id, and as istioctl calls it: `name.namespace`. */
function proxyIds(node: ProxyNode): readonly string[] {
  return [node.id, `${node.workload}.${node.namespace}`];
}
