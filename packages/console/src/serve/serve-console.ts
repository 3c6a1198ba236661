// Serves the console on an address, and looks at the mesh as long as it runs.
import type { Clock, Logger, SocketAddress } from '@meltemi/base';
import { type RunningHttpServer, serveHttp } from '@meltemi/rpc';
import { Collector } from '../collector.ts';
import type { MeshSource } from '../mesh-source.ts';
import { RequestTaps } from '../requests/request-taps.ts';
import { consoleApp } from './console-app.ts';
import { readPageFiles } from './page-files.ts';

export interface ConsoleOptions {
  readonly source: MeshSource;
  readonly address: SocketAddress;
  /** Directory of the built page. */
  readonly pageDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Rejects when the address can't be bound or the page isn't there. */
export async function serveConsole(options: ConsoleOptions): Promise<RunningHttpServer> {
  const { source, address, pageDirectory, clock, logger } = options;
  const files = readPageFiles(pageDirectory);
  const collector = new Collector(source, clock, logger);
  const taps = new RequestTaps(clock);
  const server = await serveHttp(consoleApp({ collector, taps, files, clock }), address);
  return {
    port: server.port,
    async close() {
      collector.close();
      taps.close();
      await server.close();
    },
  };
}
