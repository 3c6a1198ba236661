#!/usr/bin/env node
// mixs: Mixer in one process. With an IPC channel it says there when it serves, and ends with it.
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { createLogger, systemClock, systemDice } = await import('@meltemi/base');
const { DirectoryStore } = await import('@meltemi/config');
const { MIXS_USAGE, mixsCommand, MixsCommandError, serveMixer } = await import('@meltemi/policy');

const VERSION = '0.1.0';

const command = readCommand();
const clock = systemClock();
const write = (line: string) => process.stdout.write(line);
const logger = createLogger({ level: command.logLevel, write, now: () => clock.now() });

try {
  await start();
} catch (error) {
  process.stderr.write(`mixs: ${(error as Error).message}\n`);
  process.exit(1);
}

async function start(): Promise<void> {
  const { configDirs: directories, configNamespace, address, monitoring, prometheus, configApi, rateLimits } = command;
  const config = await DirectoryStore.open({ directories, clock, logger: logger.named('config') });
  const server = await serveMixer({
    config,
    configNamespace,
    address,
    monitoring,
    prometheus,
    configApi,
    rateLimits,
    clock,
    dice: systemDice(),
    logger: logger.named('mixer'),
    write,
    version: VERSION,
  });
  const stop = async (): Promise<void> => {
    await server.close();
    await config.close();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  process.once('disconnect', () => void stop());
  const { port, monitoringPort, prometheusPort, configApiPort } = server;
  logger.info(`serving Mixer on ${port}, metrics on ${monitoringPort}, those of adapters on ${prometheusPort}`);
  if (process.connected) process.send?.({ ready: true, port, monitoringPort, prometheusPort, configApiPort });
}

function readCommand() {
  const args = process.argv.slice(2);
  if (args.length === 0 || ['help', '--help', '-h'].some((word) => args.includes(word))) end(MIXS_USAGE);
  if (args[0] === 'version') end(`${VERSION}\n`);
  try {
    return mixsCommand(args);
  } catch (error) {
    if (!(error instanceof MixsCommandError)) throw error;
    process.stderr.write(`mixs: ${error.message}\n`);
    process.exit(2);
  }
}

function end(text: string): never {
  process.stdout.write(text);
  process.exit(0);
}
