// The loop that owns change: events → hold-off → snapshot → resources → subscribers.
import type { Clock, Logger, Problem, Timer } from '@meltemi/base';
import type { RegistryStore, WatchedStore } from '@meltemi/registry';
import type { GrpcService } from '@meltemi/rpc';
import { SnapshotResources } from './compile.ts';
import { CompileMemos } from './compile-memos.ts';
import { FragmentCache } from './fragment-cache.ts';
import { HoldOff } from './hold-off.ts';
import { keySetSources } from './key-sets/key-set-source.ts';
import type { KeySetStore } from './key-sets/key-set-store.ts';
import type { MeshSettings } from './mesh.ts';
import { PilotMetrics } from './metrics.ts';
import { ProblemLog } from './problem-log.ts';
import { showProblems } from './problem-metrics.ts';
import type { ProxyNode } from './proxy-node.ts';
import type { ProxyStatus } from './proxy-status.ts';
import type { ProxyResources } from './resources.ts';
import type { Authenticate, Caller } from './serve/ads-call.ts';
import { adsService, type AdsSession, type AdsStream } from './serve/ads-service.ts';
import { Connection } from './serve/connection.ts';
import type { DebugSource } from './serve/debug-stream.ts';
import { Quarantines } from './serve/quarantines.ts';
import { SendRoom } from './serve/send-room.ts';
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
  /** Fetches the keys of token issuers; undefined: tokens by keys that have to be fetched are not accepted. */
  readonly keySets?: KeySetStore;
}

/** Events closer than this are one change; a change waits no longer than MAX_HOLD_MS. */
const QUIET_MS = 10;
const MAX_HOLD_MS = 300;
/** To find all that is wrong costs more than to serve a change: it is done when proxies have it, and once for many. */
const PROBLEMS_MS = 1000;
/** In a storm, pushes and checks rest so many times as long as the last one took. */
const REST = 3;
const REST_OF_PROBLEMS = 50;

export class DiscoveryServer {
  readonly metrics = new PilotMetrics();
  readonly #options: DiscoveryServerOptions;
  readonly #cache = new FragmentCache();
  readonly #memos = new CompileMemos();
  readonly #room: SendRoom;
  readonly #connections = new Set<Connection>();
  readonly #holdOff: HoldOff;
  readonly #watches: readonly ({ close(): void } | undefined)[];
  readonly #problemLog: ProblemLog;
  readonly #quarantines = new Quarantines();
  #problemsTimer: Timer | undefined;
  #problemsMs = PROBLEMS_MS;
  #quietMs = QUIET_MS;
  /** Connections since the start. */
  #opened = 0;
  /** Of proxies that are or were connected. */
  readonly #versions = new Set<string>();
  #resources: SnapshotResources;

  constructor(options: DiscoveryServerOptions) {
    this.#options = options;
    this.#room = new SendRoom(options.clock);
    this.#resources = this.#read(1);
    this.#problemLog = new ProblemLog(options.logger.named('config'));
    this.#showProblems();
    const { clock, registry, keySets } = options;
    this.#holdOff = new HoldOff({ clock, quietMs: () => this.#quietMs, maxMs: MAX_HOLD_MS, go: () => this.#push() });
    // The registry reads the configuration too, and tells of each change of it.
    this.#watches = [registry.watch(() => this.#event()), keySets?.watch(() => this.#event())];
  }

  get snapshot(): Snapshot {
    return this.#resources.snapshot;
  }

  /** Resources generated since the start, for one input each. */
  get generated(): number {
    return this.#cache.misses;
  }

  /** The discovery service for one port; `authenticate` undefined: everyone who reaches it is served. */
  service(authenticate: Authenticate | undefined, debug?: DebugSource): GrpcService {
    const logger = this.#options.logger.named('ads');
    const open = (node: ProxyNode, variant: 'sotw' | 'delta', stream: AdsStream, caller: Caller | undefined) =>
      this.#open(node, variant, stream, caller);
    return adsService({ authenticate, logger, open, debug, rootNamespace: this.#options.mesh.rootNamespace });
  }

  proxies(): readonly ProxyStatus[] {
    return [...this.#connections].map((connection) => connection.status());
  }

  /** A connected proxy by its node id, its `name.namespace`, or the beginning of that. */
  proxy(proxyId: string): ProxyStatus | undefined {
    return this.#connection(proxyId)?.status();
  }

  /** What a connected proxy is to have; undefined when none of that id is connected. */
  resourcesOf(proxyId: string): ProxyResources | undefined {
    const found = this.#connection(proxyId);
    return found && this.#resources.resourcesOf(found.node, found.proven);
  }

  /** All that is wrong now: with the configuration, the registry, and what proxies refused. */
  problems(): readonly Problem[] {
    const { config, registry, mesh } = this.snapshot;
    return [
      ...config.problems,
      ...(this.#options.moreProblems?.() ?? []),
      ...unservedProblems(config, mesh),
      ...registry.problems,
      ...(this.#options.keySets?.problems() ?? []),
      ...this.#resources.problems,
      ...[...this.#connections].flatMap((connection) => connection.problems()),
    ];
  }

  close(): void {
    this.#holdOff.close();
    this.#problemsTimer?.cancel();
    for (const watch of this.#watches) watch?.close();
    for (const connection of this.#connections) connection.end();
  }

  #open(node: ProxyNode, variant: 'sotw' | 'delta', stream: AdsStream, caller: Caller | undefined): AdsSession {
    const { clock, logger } = this.#options;
    const quarantine = this.#quarantines.take(node.id);
    const connection = new Connection({
      id: `${node.workload}.${node.namespace}-${++this.#opened}`,
      node,
      caller,
      variant,
      stream,
      clock,
      logger: logger.named('ads'),
      metrics: this.metrics,
      quarantine,
      room: this.#room,
      closed: () => {
        this.#quarantines.keep(node.id, quarantine);
        this.#connections.delete(connection);
        this.#countProxies();
      },
    });
    this.#connections.add(connection);
    this.#countProxies();
    connection.update(this.#resources.resourcesOf(node, connection.proven), this.snapshot.version, clock.monotonic());
    this.#tellProblemsSoon();
    return connection;
  }

  #connection(proxyId: string): Connection | undefined {
    const all = [...this.#connections];
    // As istiod: the beginning of a name will do.
    return (
      all.find(({ node }) => proxyIds(node).includes(proxyId)) ??
      all.find(({ id }) => proxyId !== '' && id.startsWith(proxyId))
    );
  }

  #event(): void {
    this.metrics.count('pilot_inbound_updates', 'Updates received by pilot.', { type: 'config' });
    this.#holdOff.event();
  }

  #push(): void {
    const { clock, logger } = this.#options;
    const began = clock.monotonic();
    this.metrics.count('pilot_push_triggers', 'Total number of times a push was triggered.', { type: 'config' });
    this.#resources = this.#read(this.snapshot.version + 1);
    this.#tellProblemsSoon();
    const { version } = this.snapshot;
    for (const connection of this.#connections) {
      connection.update(this.#resources.resourcesOf(connection.node, connection.proven), version, began);
    }
    const tookMs = clock.monotonic() - began;
    this.#quietMs = Math.max(QUIET_MS, tookMs * REST);
    this.metrics.observe('pilot_xds_push_time', 'Seconds pilot takes to push a snapshot.', tookMs / 1000);
    logger.named('ads').info(`push ${version}: ${this.#connections.size} proxies in ${tookMs.toFixed(1)} ms`);
  }

  #tellProblemsSoon(): void {
    this.#problemsTimer ??= this.#options.clock.after(this.#problemsMs, () => this.#tellProblems());
  }

  #tellProblems(): void {
    const { clock } = this.#options;
    const began = clock.monotonic();
    this.#problemsTimer = undefined;
    this.#showProblems();
    this.#problemsMs = Math.max(PROBLEMS_MS, (clock.monotonic() - began) * REST_OF_PROBLEMS);
  }

  #showProblems(): void {
    const problems = this.problems();
    this.#problemLog.update(problems);
    showProblems(problems, this.metrics);
  }

  #read(version: number): SnapshotResources {
    const { config: store, registry, mesh, keySets } = this.#options;
    const config = store.view();
    keySets?.want(keySetSources(config, mesh.domain));
    const snapshot = { version, config, registry: registry.view(), mesh, ...(keySets && { keySets: keySets.view() }) };
    this.metrics.set('pilot_services', 'Services known to pilot.', snapshot.registry.services.length);
    this.metrics.set('pilot_virt_services', 'Virtual services known to pilot.', snapshot.config.virtualServices.length);
    return new SnapshotResources(snapshot, this.#cache, this.#memos);
  }

  #countProxies(): void {
    const byVersion = Map.groupBy(this.#connections, ({ node }) => node.version || 'unknown');
    for (const version of byVersion.keys()) this.#versions.add(version);
    for (const version of this.#versions) {
      const count = byVersion.get(version)?.length ?? 0;
      this.metrics.set('pilot_xds', 'Number of endpoints connected to this pilot using XDS.', count, { version });
    }
  }
}

/** A proxy goes by its node id, and as istioctl calls it: `name.namespace`. */
function proxyIds(node: ProxyNode): readonly string[] {
  return [node.id, `${node.workload}.${node.namespace}`];
}
