#!/usr/bin/env node
// console: the web console of a mesh on this machine, as its state file describes it. With an IPC channel it ends with it.
import { enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

enableCompileCache();
const { createLogger, parseSocketAddress, systemClock } = await import('@meltemi/base');
const { serveConsole } = await import('@meltemi/console');
const { readMeshState } = await import('@meltemi/local');
const { meshMembers } = await import('./support/mesh-members.ts');

const USAGE = 'usage: console --state FILE [--address HOST:PORT] [--page DIR]';
const clock = systemClock();
const logger = createLogger({
  level: 'info',
  write: (line) => process.stdout.write(line),
  now: () => clock.now(),
});

try {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      address: { type: 'string', default: '127.0.0.1:15030' },
      page: { type: 'string', default: join(dirname(fileURLToPath(import.meta.url)), 'console') },
    },
  });
  const address = parseSocketAddress(values.address);
  const { state } = values;
  if (!address || state === undefined) throw new Error(USAGE);
  const source = () => meshMembers(readMeshState(state));
  const server = await serveConsole({ source, address, pageDirectory: values.page, clock, logger });
  logger.info(`serving the console on http://${address.host}:${server.port}`);
  const stop = () => void server.close().then(() => process.exit(0));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
  process.once('disconnect', stop);
  if (process.connected) process.send?.({ ready: true });
} catch (error) {
  process.stderr.write(`console: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
