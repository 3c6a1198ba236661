#!/usr/bin/env node
// proxy: the sidecar, with Envoy's command line. SIGTERM drains, a second signal ends at once; with an IPC channel it ends with it.
import { readFileSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { availableParallelism, hostname } from 'node:os';
import { extname } from 'node:path';
import type { BootstrapInput, CommandLine, ProxyCommand, RunningProxy } from '@meltemi/proxy';

enableCompileCache();
const { createLogger, formatSocketAddress, systemClock, systemDice } = await import('@meltemi/base');
const { BootstrapError, CommandLineError, configurationProblems, parseCommandLine, readBootstrap, runProxy, usage } =
  await import('@meltemi/proxy');
const { logWriter } = await import('./support/log-writer.ts');
const { mixerOpener } = await import('./support/open-mixer.ts');

const VERSION = '0.1.0/Meltemi';
/** After the parent died: how long callers get. */
const ORPHAN_GRACE_MS = 1000;

await main(readCommand());

async function main(command: CommandLine): Promise<void> {
  switch (command.kind) {
    case 'help':
      return void process.stdout.write(usage());
    case 'version':
      return void process.stdout.write(`\nproxy  version: ${VERSION}\n\n`);
    case 'hot-restart-version':
      return void process.stdout.write('disabled\n');
    case 'run':
      return run(command);
  }
}

async function run(command: ProxyCommand): Promise<void> {
  const bootstrap = await readConfig(command);
  if (command.mode === 'validate') {
    const problems = await configurationProblems(bootstrap, configInput(command));
    if (problems.length > 0) fail(new BootstrapError(problems).message);
    process.stdout.write(`configuration '${command.configPath ?? ''}' OK\n`);
    return;
  }
  // The control plane shows which program asks, as an Envoy says it.
  Object.assign(bootstrap.node ?? {}, {
    userAgentName: 'meltemi',
    userAgentVersionType: { case: 'userAgentVersion', value: VERSION.split('/')[0] },
  });
  const clock = systemClock();
  const sink = {
    level: command.logLevel,
    levels: new Map(),
    write: logWriter(command.logPath),
    now: () => clock.now(),
  };
  const logger = createLogger(sink);
  const started = runProxy({
    bootstrap,
    clock,
    dice: systemDice(),
    logger,
    logLevel: sink,
    drainTimeMs: command.drainTimeMs,
    drainStrategy: command.drainStrategy,
    concurrency: command.concurrency ?? availableParallelism(),
    worker: {
      // Beside this file, in the sources and in the bundle.
      script: new URL(`./proxy-worker${extname(import.meta.url)}`, import.meta.url),
      program: command.logPath === undefined ? {} : { logPath: command.logPath },
    },
    statsTags: command.statsTags,
    rejectUnknownFields: command.rejectUnknownDynamicFields,
    hostname: hostname(),
    environment: (name) => process.env[name],
    openMixer: mixerOpener(),
    version: VERSION,
    ...(command.configPath !== undefined && { configPath: command.configPath }),
  });
  const proxy = await orFail(started);
  void proxy.failed.then((error) => fail(`proxy: ${(error.cause as Error | undefined)?.stack ?? error.message}`));
  writePlaces(command, proxy);
  endOnRequest(proxy);
  await orFail(proxy.ready);
  logger.info('the initial configuration is applied');
  if (process.connected) process.send?.({ ready: true, adminPort: proxy.adminPort });
  if (command.mode === 'init_only') process.exit(0);
}

function readCommand(): CommandLine {
  try {
    return parseCommandLine(process.argv.slice(2));
  } catch (error) {
    if (error instanceof CommandLineError) fail(`proxy: ${error.message}\n\n${usage()}`);
    throw error;
  }
}

function configInput(command: ProxyCommand): BootstrapInput {
  const { configPath, configYaml, serviceNode, serviceCluster, serviceZone } = command;
  return {
    ...(configPath !== undefined && { file: { name: configPath, text: readFileSync(configPath, 'utf8') } }),
    ...(configYaml !== undefined && { yaml: configYaml }),
    ...(serviceNode !== undefined && { serviceNode }),
    ...(serviceCluster !== undefined && { serviceCluster }),
    ...(serviceZone !== undefined && { serviceZone }),
    allowUnknownFields: command.allowUnknownStaticFields,
  };
}

async function readConfig(command: ProxyCommand): Promise<Awaited<ReturnType<typeof readBootstrap>>> {
  try {
    return await readBootstrap(configInput(command));
  } catch (error) {
    return fail(error instanceof BootstrapError ? error.message : `error: ${(error as Error).message}`);
  }
}

/** For those who start a proxy on any port. */
function writePlaces({ adminAddressPath, baseIdPath, baseId }: ProxyCommand, { adminAddress }: RunningProxy): void {
  if (baseIdPath !== undefined) writeFileSync(baseIdPath, String(baseId));
  if (adminAddressPath !== undefined && adminAddress)
    writeFileSync(adminAddressPath, formatSocketAddress(adminAddress));
}

function endOnRequest(proxy: RunningProxy): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(proxy));
  process.once('disconnect', () => stopSoon(proxy));
  if (process.send && !process.connected) stopSoon(proxy);
  void proxy.quitRequested.then(() => exitAfter(proxy.close()));
}

function stopSoon(proxy: RunningProxy): void {
  setTimeout(() => process.exit(0), ORPHAN_GRACE_MS).unref();
  stop(proxy);
}

function stop(proxy: RunningProxy): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
  exitAfter(proxy.drain().then(() => proxy.close()));
}

function exitAfter(end: Promise<void>): void {
  end.then(
    () => process.exit(0),
    () => process.exit(1),
  );
}

async function orFail<Value>(promise: Promise<Value>): Promise<Value> {
  try {
    return await promise;
  } catch (error) {
    return fail(`proxy: ${(error as Error).message}`);
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
