#!/usr/bin/env node
// proxy: the sidecar, with Envoy's command line. SIGTERM drains, a second signal ends at once; with an IPC channel it ends with it.
import { appendFileSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { hostname } from 'node:os';
import type { CommandLine, ProxyCommand, RunningProxy } from '@meltemi/proxy';

enableCompileCache();
const { createLogger, systemClock, systemDice } = await import('@meltemi/base');
const { BootstrapError, CommandLineError, parseCommandLine, readBootstrap, runProxy, usage } =
  await import('@meltemi/proxy');

const VERSION = '0.1.0/Meltemi';
/** After the parent died: how long callers get. */
const ORPHAN_GRACE_MS = 1000;

const command = readCommand();
if (command.kind === 'help') process.stdout.write(usage());
else if (command.kind === 'version') process.stdout.write(`\nproxy  version: ${VERSION}\n\n`);
else await run(command);

async function run(command: ProxyCommand): Promise<void> {
  const bootstrap = await readConfig(command);
  if (command.mode === 'validate') {
    process.stdout.write(`configuration '${command.configPath ?? ''}' OK\n`);
    return;
  }
  // The control plane shows which program asks, as an Envoy says it.
  Object.assign(bootstrap.node ?? {}, {
    userAgentName: 'meltemi',
    userAgentVersionType: { case: 'userAgentVersion', value: VERSION.split('/')[0] },
  });
  const clock = systemClock();
  const sink = { level: command.logLevel, write: logWriter(command.logPath), now: () => clock.now() };
  const logger = createLogger(sink);
  const started = runProxy({
    bootstrap,
    clock,
    dice: systemDice(),
    logger,
    logLevel: sink,
    drainTimeMs: command.drainTimeMs,
    concurrency: command.concurrency,
    hostname: hostname(),
    version: VERSION,
    ...(command.configPath !== undefined && { configPath: command.configPath }),
  });
  const proxy = await orFail(started);
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

async function readConfig(command: ProxyCommand): Promise<Awaited<ReturnType<typeof readBootstrap>>> {
  const { configPath, configYaml, serviceNode, serviceCluster, serviceZone } = command;
  const flags = { serviceNode, serviceCluster, serviceZone, yaml: configYaml };
  try {
    return await readBootstrap({
      ...(configPath !== undefined && { file: { name: configPath, text: readFileSync(configPath, 'utf8') } }),
      ...flags,
      allowUnknownFields: command.allowUnknownStaticFields,
    });
  } catch (error) {
    return fail(error instanceof BootstrapError ? error.message : `error: ${(error as Error).message}`);
  }
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

/** Lines go to stderr, as Envoy's; a reader that went away doesn't end the proxy. */
function logWriter(path: string | undefined): (line: string) => void {
  if (path !== undefined) return (line) => appendFileSync(path, line);
  process.stderr.on('error', () => {});
  return (line) => void process.stderr.write(line);
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
