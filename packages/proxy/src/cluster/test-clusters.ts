// For tests: a cluster manager with its surroundings, and a handler that keeps what it hears.
import { EventEmitter, once } from 'node:events';
import { type MessageInitShape, create } from '@bufbuild/protobuf';
import { type Cluster as ClusterMessage, ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { type Clock, type Dice, seededDice, silentLogger, systemClock } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import { Headers, type ResponseHead, type TlsInfo } from '@meltemi/wire';
import type { WatchSecret } from '../tls/tls-material.ts';
import type { ResourceWatcher, XdsClient } from '../xds/xds-client.ts';
import type {
  Cluster,
  ResetReason,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHost,
  UpstreamRequest,
} from './cluster.ts';
import { ClusterManager } from './cluster-manager.ts';
import type { AskTtl, ResolveName } from './discovery/resolve-name.ts';

export interface TestOptions {
  readonly clock?: Clock;
  readonly dice?: Dice;
  readonly watchSecret?: WatchSecret;
  readonly resolve?: ResolveName;
  readonly askTtl?: AskTtl;
  readonly eds?: Pick<ScriptedEds, 'client'>;
}

export interface TestClusters {
  readonly manager: ClusterManager;
  readonly stats: StatsStore;
  /** Value of `cluster.NAME.STAT`; undefined when there is none. */
  readonly stat: (cluster: string, name: string) => number | undefined;
}

export function testClusters(options: TestOptions = {}): TestClusters {
  const stats = new StatsStore();
  const eds = options.eds ?? new ScriptedEds();
  const manager = new ClusterManager({
    clock: options.clock ?? systemClock({ background: true }),
    dice: options.dice ?? seededDice(1),
    logger: silentLogger,
    stats,
    xds: { forConfigSource: () => eds.client },
    resolve: options.resolve ?? (() => Promise.reject(new Error('no resolver'))),
    ...(options.askTtl && { askTtl: options.askTtl }),
    watchSecret: options.watchSecret ?? (() => ({ close() {} })),
  });
  const stat = (cluster: string, name: string) => {
    const found = stats.list().find((each) => each.name.text === `cluster.${cluster}.${name}`);
    return found && 'value' in found.cell ? found.cell.value : undefined;
  };
  return { manager, stats, stat };
}

/** Stands for the server's word: delivers assignments to those who watch a name. */
export class ScriptedEds {
  readonly watchers = new Map<string, ResourceWatcher<ClusterLoadAssignment>[]>();
  readonly client = {
    watch: (_type: string, name: string, watcher: ResourceWatcher<ClusterLoadAssignment>) => {
      const all = this.watchers.get(name) ?? [];
      this.watchers.set(name, [...all, watcher]);
      return {
        close: () =>
          this.watchers.set(
            name,
            (this.watchers.get(name) ?? []).filter((other) => other !== watcher),
          ),
      };
    },
  } as unknown as XdsClient;

  send(name: string, assignment: ClusterLoadAssignment) {
    return (this.watchers.get(name) ?? []).map((watcher) => watcher.onResource(assignment, '1'));
  }
}

export interface TestEndpoint {
  readonly port: number;
  readonly host?: string;
  readonly weight?: number;
  readonly priority?: number;
  readonly health?: number;
}

export function assignment(name: string, endpoints: readonly TestEndpoint[]): ClusterLoadAssignment {
  return create(ClusterLoadAssignmentSchema, {
    clusterName: name,
    endpoints: endpoints.map((endpoint) => ({
      priority: endpoint.priority ?? 0,
      lbEndpoints: [
        {
          healthStatus: endpoint.health ?? 0,
          ...(endpoint.weight !== undefined && { loadBalancingWeight: endpoint.weight }),
          hostIdentifier: {
            case: 'endpoint' as const,
            value: {
              address: {
                address: {
                  case: 'socketAddress' as const,
                  value: {
                    address: endpoint.host ?? '127.0.0.1',
                    portSpecifier: { case: 'portValue' as const, value: endpoint.port },
                  },
                },
              },
            },
          },
        },
      ],
    })),
  });
}

export function staticCluster(
  name: string,
  endpoints: readonly TestEndpoint[],
  extra: MessageInitShape<typeof ClusterSchema> = {},
): ClusterMessage {
  return create(ClusterSchema, { name, loadAssignment: assignment(name, endpoints), ...extra });
}

/** Keeps everything in order as lines of text; `next` waits until a line begins so. */
export class Recorder implements UpstreamHandler {
  readonly events: string[] = [];
  readonly #emitter = new EventEmitter();
  status = 0;
  text = '';
  tls: TlsInfo | undefined;

  onConnected(tls: TlsInfo | undefined): void {
    this.tls = tls;
    this.#note('connected');
  }
  onInformational(head: ResponseHead): void {
    this.#note(`informational ${head.status}`);
  }
  onHead(head: ResponseHead): void {
    this.status = head.status;
    this.#note(`head ${head.status}`);
  }
  onBody(chunk: Buffer): void {
    this.text += chunk.toString('latin1');
    this.#note(`body`);
  }
  onEnd(): void {
    this.#note('end');
  }
  onReset(reason: ResetReason, detail: string): void {
    this.#note(`reset ${reason}: ${detail}`);
  }
  onPause(): void {}

  onDrain(): void {
    this.#note('drain');
  }

  async next(prefix: string): Promise<string> {
    for (;;) {
      const found = this.events.find((event) => event.startsWith(prefix));
      if (found !== undefined) return found;
      await once(this.#emitter, 'event');
    }
  }

  /** How the exchange ended: `end` or `reset …`. */
  async over(): Promise<string> {
    for (;;) {
      const found = this.events.find((event) => event === 'end' || event.startsWith('reset'));
      if (found !== undefined) return found;
      await once(this.#emitter, 'event');
    }
  }

  #note(event: string): void {
    this.events.push(event);
    this.#emitter.emit('event');
  }
}

export function request(overrides: Partial<UpstreamRequest> = {}): UpstreamRequest {
  const headers = new Headers();
  headers.set('host', 'a.test');
  return { method: 'GET', target: '/', headers, bodyLength: 0, upgrade: false, ...overrides };
}

export interface Sent {
  readonly exchange: UpstreamExchange;
  readonly recorder: Recorder;
}

/** Opens an exchange on a picked host and sends a request without body. */
export function send(cluster: Cluster, host?: UpstreamHost): Sent {
  const recorder = new Recorder();
  const picked = host ?? cluster.pick({ hash: undefined, tried: [] });
  if (!picked) throw new Error('no host');
  const exchange = cluster.open(picked, recorder);
  if (!exchange) throw new Error('overflow');
  exchange.sendHead(request());
  exchange.end();
  return { exchange, recorder };
}
