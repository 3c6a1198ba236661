// Starts the workers beside the first one, and gives the first what it shares with them; one worker alone shares nothing.
import { toBinary } from '@bufbuild/protobuf';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Scope } from '@meltemi/base';
import type { DataPlaneOptions } from '../data-plane.ts';
import { drainSettings, type ProxyOptions } from '../proxy-options.ts';
import type { XdsClients } from '../xds/xds-clients.ts';
import { relayedXds } from './config-relay.ts';
import { LeadingHealth } from './health-sharing.ts';
import { LeadingOutliers } from './outlier-sharing.ts';
import { countersMemory, countersOver, localCounters } from './shared-counters.ts';
import { leadingSockets, soleSockets } from './socket-sharing.ts';
import { WorkerThreads } from './worker-threads.ts';

/** What differs between one worker and several. */
export interface JointWorkers extends Pick<DataPlaneOptions, 'xds' | 'counters' | 'sockets' | 'health'> {
  readonly threads: WorkerThreads | undefined;
}

/** The threads must be there before the first configuration comes. */
export function startWorkers(options: ProxyOptions, sources: XdsClients, scope: Scope): JointWorkers {
  const { concurrency, worker, clock, logger } = options;
  if (concurrency <= 1 || !worker) {
    return { threads: undefined, xds: sources, counters: localCounters, sockets: soleSockets, health: undefined };
  }
  const counters = countersMemory();
  const start = {
    bootstrap: toBinary(BootstrapSchema, options.bootstrap),
    drain: drainSettings(options),
    hostname: options.hostname,
    logLevel: options.logLevel.level,
    statsTags: options.statsTags ?? {},
    program: worker.program ?? {},
    counters,
  };
  const threads = new WorkerThreads({ count: concurrency - 1, script: worker.script, start, clock, logger });
  const outliers = new LeadingOutliers((cluster, host, ejected) =>
    threads.tell({ kind: 'host-ejection', cluster, host, ejected }),
  );
  const health = new LeadingHealth(
    (cluster, host, finding) => threads.tell({ kind: 'host-health', cluster, host, finding }),
    outliers,
  );
  threads.onHostOutlier = (cluster, host, kind) => outliers.reported(cluster, host, kind);
  threads.onHostFailing = (cluster, host) => health.reported(cluster, host);
  scope.defer(() => threads.close());
  return {
    threads,
    xds: relayedXds(sources, (message) => threads.tell(message)),
    counters: countersOver(counters),
    health,
    sockets: leadingSockets((listener, address, bound) => threads.tell({ kind: 'bound', listener, address, bound })),
  };
}
