#!/usr/bin/env node
// istio_ca: the certificate authority alone, and what an operator does to its roots, certificates and tokens.
import { enableCompileCache } from 'node:module';
import type { AuthorityCommand, RootStep, ServeCommand } from '@meltemi/identity';

enableCompileCache();
const { createLogger, systemClock } = await import('@meltemi/base');
const identity = await import('@meltemi/identity');
const { serveHttp } = await import('@meltemi/rpc');
const { openKubeClient } = await import('./support/open-kube-client.ts');
const { runAuthority } = await import('./support/run-authority.ts');

const GRACE_MS = 500;
const clock = systemClock();
const command = readCommand();

try {
  await run();
} catch (error) {
  process.stderr.write(`istio_ca: ${(error as Error).message}\n`);
  process.exit(1);
}

async function run(): Promise<void> {
  const { directory } = command;
  switch (command.does) {
    case 'serve':
      return serve(command);
    case 'root':
      return rootStep(command.step, directory, command.trustDomain);
    case 'revoke':
      if (command.serial !== undefined) await identity.revokeCertificate(directory, command.serial, clock.now());
      if (command.identity !== undefined) await identity.revokeIdentity(directory, command.identity, clock.now());
      return;
    case 'token': {
      const token = await identity.createJoinToken(directory, { ...command, now: clock.now() });
      process.stdout.write(`${token}\n`);
    }
  }
}

async function rootStep(step: RootStep, directory: string, trustDomain: string): Promise<void> {
  if (step === 'prepare') await identity.prepareRoot(directory, identity.newRootContent(trustDomain, clock.now()));
  if (step === 'activate') await identity.activateRoot(directory);
  if (step === 'taint') await identity.taintRoot(directory);
  if (step === 'revoke') await identity.revokeRoot(directory);
  for (const { state, fingerprint, notAfter } of await identity.rootStatus(directory))
    process.stdout.write(`${state.padEnd(8)}  ${fingerprint}  until ${new Date(notAfter).toISOString()}\n`);
}

async function serve(options: ServeCommand): Promise<void> {
  const { trustDomain, host, bundlePort, workloadTtlMs: defaultTtlMs, maxWorkloadTtlMs: maxTtlMs } = options;
  const logger = createLogger({
    level: 'info',
    write: (line) => process.stdout.write(line),
    now: () => clock.now(),
  });
  const inCluster = options.kubeconfig !== '' || process.env['KUBERNETES_SERVICE_HOST'] !== undefined;
  const client = inCluster ? openKubeClient(options.kubeconfig, process.env) : undefined;
  const { meshNamespace, namespace } = options;
  const running = await runAuthority({
    ...options,
    defaultTtlMs,
    maxTtlMs,
    names: options.hostnames,
    address: { host, port: options.port },
    bundleAddress: bundlePort === undefined ? undefined : { host, port: bundlePort },
    client,
    secrets: { ttlMs: defaultTtlMs, meshNamespace, namespace, identity: process.env['POD_NAME'] },
    problems: (authority) => identity.authorityProblems(authority, clock.now()),
    clock,
    logger,
  });
  const monitoring = await serveMetrics(options, () => running.metrics());
  const stop = async (): Promise<void> => {
    await monitoring?.close();
    await running.close(GRACE_MS);
    client?.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  process.once('disconnect', () => void stop());
  const { port, bundlePort: bundle } = running;
  logger.info(`signing for ${trustDomain} on ${port}`);
  if (process.connected) process.send?.({ ready: true, port, bundlePort: bundle, monitoringPort: monitoring?.port });
}

async function serveMetrics({ host, monitoringPort: port }: ServeCommand, metrics: () => string) {
  if (port === undefined) return undefined;
  return serveHttp(identity.authorityMetricsApp(metrics), { host, port });
}

function readCommand(): AuthorityCommand {
  const args = process.argv.slice(2);
  if (['help', '--help', '-h'].some((word) => args.includes(word))) {
    process.stdout.write(identity.AUTHORITY_USAGE);
    process.exit(0);
  }
  try {
    return identity.authorityCommand(args);
  } catch (error) {
    if (!(error instanceof identity.AuthorityCommandError)) throw error;
    process.stderr.write(`istio_ca: ${error.message}\n\n${identity.AUTHORITY_USAGE}`);
    return process.exit(1);
  }
}
