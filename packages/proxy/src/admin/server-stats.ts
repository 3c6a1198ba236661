// Keeps the gauges that tell of the process itself: they are set when somebody looks.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/statistics#server
import type { Gauge } from '@meltemi/telemetry';
import type { AdminView, ServerState } from './admin-view.ts';

/** Envoy's numbers of the states. */
const STATE_NUMBERS: Readonly<Record<ServerState, number>> = {
  LIVE: 0,
  DRAINING: 1,
  PRE_INITIALIZING: 2,
  INITIALIZING: 3,
};

/** Returns what brings the gauges up to date. Agents take `server.state` 0 and `listener_manager.workers_started` 1 for ready. */
export function serverStats(view: AdminView): () => void {
  const scope = view.stats.scope('server');
  const workersStarted = view.stats.scope('listener_manager').gauge('workers_started');
  const gauges: readonly (readonly [Gauge, () => number])[] = [
    [scope.gauge('state'), () => STATE_NUMBERS[view.state()]],
    [scope.gauge('live'), () => (view.state() === 'LIVE' ? 1 : 0)],
    [scope.gauge('uptime'), () => Math.floor((view.clock.now() - view.startedMs) / 1000)],
    [scope.gauge('concurrency'), () => view.commandLine.concurrency],
    [scope.gauge('memory_allocated'), () => process.memoryUsage().heapUsed],
    [scope.gauge('memory_heap_size'), () => process.memoryUsage().heapTotal],
    [workersStarted, () => (view.state() === 'LIVE' || view.state() === 'DRAINING' ? 1 : 0)],
  ];
  return () => {
    for (const [gauge, read] of gauges) gauge.set(read());
  };
}
