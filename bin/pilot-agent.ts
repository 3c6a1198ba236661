#!/usr/bin/env node
// pilot-agent: certificates, bootstrap and life of one proxy. With an IPC channel it reports there, and ends with it.
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

enableCompileCache();
const agentPackage = await import('@meltemi/agent');
const { agentCommand, CommandLineError, proxyCommand, runAgent, USAGE } = agentPackage;
const { createLogger, systemClock, systemDice } = await import('@meltemi/base');

/** After the parent died: how long callers get. */
const ORPHAN_GRACE_MS = 1000;
const SETPRIV = '/usr/bin/setpriv';
const script = fileURLToPath(import.meta.url);

if (process.argv[2] === 'bootstrap') printV1Bootstrap(process.argv.slice(2));
const { binaryPath, logLevel, ...command } = orUsage(() =>
  agentCommand(process.argv.slice(2), process.env, process.cwd()),
);
const clock = systemClock();
let proxyPid = 0;
const agent = await runAgent({
  ...command,
  ...proxyCommand(binaryPath, {
    node: process.execPath,
    ownProxy: join(dirname(script), `proxy${extname(script)}`),
    setpriv: existsSync(SETPRIV) ? SETPRIV : undefined,
  }),
  temporaryDirectory: tmpdir(),
  clock,
  dice: systemDice(),
  logger: createLogger({ level: logLevel, write: (line) => process.stdout.write(line), now: () => clock.now() }),
  onProxyStarted(pid) {
    proxyPid = pid;
    report({ proxy: { pid } });
  },
  onReady: () => report({ proxy: { pid: proxyPid }, ready: true }),
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
process.once('disconnect', stopSoon);
if (process.send && !process.connected) stopSoon();

function stopSoon(): void {
  setTimeout(() => process.exit(0), ORPHAN_GRACE_MS).unref();
  stop();
}

function stop(): void {
  process.once('SIGTERM', () => process.exit(1));
  agent.drain().then(
    () => process.exit(0),
    () => process.exit(1),
  );
}

function printV1Bootstrap(args: readonly string[]): never {
  const config = orUsage(() => agentPackage.v1ProxyConfig(args));
  process.stdout.write(`${agentPackage.v1BootstrapText(config)}\n`);
  process.exit(0);
}

function orUsage<Command>(read: () => Command): Command {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    process.stderr.write(`pilot-agent: ${error.message}\n\n${USAGE}`);
    return process.exit(1);
  }
}

function report(message: object): void {
  if (process.connected) process.send?.(message);
}
