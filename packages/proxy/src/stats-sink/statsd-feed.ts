// Feeds statsd servers from time to time, over UDP or over a connection to a cluster.
import { createSocket } from 'node:dgram';
import type { Clock, Logger, Timer } from '@meltemi/base';
import type { Stat } from '@meltemi/telemetry';
import type { Clusters } from '../cluster/cluster.ts';
import { StatsdConnection } from './statsd-connection.ts';
import { StatsdLines } from './statsd-lines.ts';
import type { StatsdSettings } from './statsd-settings.ts';

export interface StatsdParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly clusters: Clusters;
  /** Those that are shown, of all workers. */
  readonly stats: () => Promise<readonly Stat[]>;
  /** Between two sendings. */
  readonly intervalMs: number;
}

/** Fits into one Ethernet frame, as statsd servers expect. */
const DATAGRAM_BYTES = 1432;

interface Sink {
  send(lines: readonly string[]): void;
  close(): void;
}

/** Sends at each interval until it is closed. Nothing waits for a server: what it can't take is lost. */
export function feedStatsd(sinks: readonly StatsdSettings[], parts: StatsdParts): { close(): void } {
  const open = sinks.map((settings) => ({ lines: new StatsdLines(settings.prefix), sink: openSink(settings, parts) }));
  let timer: Timer | undefined;
  let closed = open.length === 0;
  const flush = async () => {
    const stats = await parts.stats();
    if (closed) return;
    for (const { lines, sink } of open) sink.send(lines.next(stats));
    flushLater();
  };
  const flushLater = () => {
    timer = parts.clock.after(parts.intervalMs, () => void flush());
  };
  if (!closed) flushLater();
  return {
    close() {
      closed = true;
      timer?.cancel();
      for (const { sink } of open) sink.close();
    },
  };
}

function openSink(settings: StatsdSettings, { clusters, logger }: StatsdParts): Sink {
  if (settings.kind === 'tcp') return new StatsdConnection(clusters, settings.cluster);
  const { host, port } = settings.address;
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.unref();
  socket.on('error', (error) => logger.warn(`statsd ${host}:${port}: ${error.message}`));
  return {
    send(lines) {
      for (const datagram of datagrams(lines)) socket.send(datagram, port, host, () => {});
    },
    close: () => socket.close(),
  };
}

/** As many lines as fit into each. */
export function datagrams(lines: readonly string[]): readonly string[] {
  const packed: string[] = [];
  let current = '';
  for (const line of lines) {
    if (current !== '' && Buffer.byteLength(current) + Buffer.byteLength(line) + 1 > DATAGRAM_BYTES) {
      packed.push(current);
      current = '';
    }
    current = current === '' ? line : `${current}\n${line}`;
  }
  return current === '' ? packed : [...packed, current];
}
