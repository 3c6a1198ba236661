#!/usr/bin/env node
// istio_ca: the certificate authority alone, and what an operator does to its roots, certificates and tokens.
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import type { AuthorityCommand, RootStep, ServeCommand } from '@meltemi/identity';

enableCompileCache();
const { createLogger, systemClock } = await import('@meltemi/base');
const identity = await import('@meltemi/identity');
const { serveGrpc } = await import('@meltemi/rpc');

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
  const { directory, trustDomain, maxWorkloadTtlMs: maxTtlMs, workloadTtlMs: defaultTtlMs } = options;
  const logger = createLogger({
    level: 'info',
    write: (line) => process.stdout.write(line),
    now: () => clock.now(),
  });
  const authority = await identity.openCertificateAuthority({ directory, trustDomain, clock, maxTtlMs });
  const attestor = identity.firstAttestor([
    identity.joinTokenAttestor({ directory, clock }),
    ...tokenAttestors(options),
    identity.certificateAttestor({ authority, clock }),
  ]);
  const log = new identity.IssuanceLog(directory, clock);
  const issuance = { authority, attestor, logger, clock, log, defaultTtlMs };
  let running: Awaited<ReturnType<typeof serveGrpc>> | undefined;
  const certificate = await identity.keepServerCertificate({
    authority,
    names: options.hostnames,
    clock,
    logger,
    onRenewed: () => running?.renew(certificate.current, authority.roots),
  });
  running = await serveGrpc({
    address: { host: options.host, port: options.port },
    tls: { ...certificate.current, clientRoots: authority.roots },
    services: [
      identity.certificateService(issuance),
      identity.nodeAgentService(issuance),
      identity.trustService({ authority, attestor, logger }),
    ],
  });
  const stopWatch = identity.watchAuthority({ authority, clock, logger });
  const server = running;
  const stop = async (): Promise<void> => {
    stopWatch();
    certificate.close();
    await server.close(GRACE_MS);
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  process.once('disconnect', () => void stop());
  logger.info(`signing for ${trustDomain} on ${server.port}`);
  if (process.connected) process.send?.({ ready: true, port: server.port });
}

function tokenAttestors({ tokenJwks, tokenIssuer: issuer, trustDomain }: ServeCommand) {
  if (tokenJwks === '') return [];
  return [identity.tokenAttestor({ jwks: readFileSync(tokenJwks, 'utf8'), issuer, trustDomain, clock })];
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
