#!/usr/bin/env node
// pilot-discovery: the control plane in one process. With an IPC channel it says there when it serves, and ends with it.
import { existsSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { createLogger, systemClock } = await import('@meltemi/base');
const { DirectoryStore } = await import('@meltemi/config');
const discovery = await import('@meltemi/discovery');
const { CommandLineError, DEFAULT_MESH, discoveryCommand, DiscoveryServer, USAGE } = discovery;
const identity = await import('@meltemi/identity');
const { RegistryStore } = await import('@meltemi/registry');
const { serveGrpc, serveHttp } = await import('@meltemi/rpc');
const { parse } = await import('yaml');

const VERSION = '0.1.0';
/** How long streams get to end by themselves; their proxies connect again to the next process. */
const GRACE_MS = 500;
const SERVER_NAMES = ['istiod.istio-system.svc', 'istio-pilot.istio-system.svc', 'localhost', '127.0.0.1'];
const SYSTEM_ROOTS = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

const command = readCommand();
const clock = systemClock();
const logger = createLogger({
  level: command.logLevel,
  write: (line) => process.stdout.write(line),
  now: () => clock.now(),
});
const steps: (() => void | Promise<void>)[] = [];
let ready = false;

try {
  await start();
} catch (error) {
  process.stderr.write(`pilot-discovery: ${(error as Error).message}\n`);
  process.exit(1);
}

async function start(): Promise<void> {
  const { mesh, v1, problems: meshProblems } = readMesh();
  const { domain } = mesh;
  const config = await DirectoryStore.open({
    directories: command.configDirs,
    clock,
    logger: logger.named('config'),
    domain,
    ...(command.lastGoodDir && { lastGoodDirectory: command.lastGoodDir }),
  });
  const pods = command.podsDir
    ? await DirectoryStore.open({ directories: [command.podsDir], clock, logger: logger.named('pods'), domain })
    : undefined;
  const registry = new RegistryStore({ config, ...(pods && { pods }), domain });
  const moreProblems = () => [...meshProblems, ...(pods?.view().problems ?? [])];
  const server = new DiscoveryServer({ config, registry, mesh, clock, logger, moreProblems });
  steps.push(
    () => server.close(),
    () => registry.close(),
    () => config.close(),
    () => pods?.close(),
  );

  const ports = {
    grpc: await servePlaintext(server),
    secureGrpc: command.caDir ? await serveSecure(server, mesh.trustDomain) : 0,
    http: await serveApp(httpApp(server, v1), command.httpAddr),
    metrics: await serveApp(discovery.metricsApp(server, VERSION), command.monitoringAddr),
  };
  ready = true;
  logger.info(
    `serving xDS on ${ports.grpc} and ${ports.secureGrpc} (TLS), HTTP on ${ports.http}, metrics on ${ports.metrics}`,
  );
  if (process.connected) process.send?.({ ready: true, ...ports });
}

/** Readiness and debugging, and beside them the REST discovery of Istio 0.x. */
function httpApp(server: InstanceType<typeof DiscoveryServer>, v1: ReturnType<typeof discovery.v1Mesh>) {
  const { v1Release: release, namespace } = command;
  const app = discovery.debugApp(server, { ready: () => ready, version: VERSION });
  const options = { release, mesh: v1, ...(namespace !== '' && { namespace }) };
  return app.route(
    '/',
    discovery.v1App(() => server.snapshot, options),
  );
}

async function servePlaintext(server: InstanceType<typeof DiscoveryServer>): Promise<number> {
  const running = await serveGrpc({ address: command.grpcAddr, services: [server.service(undefined)] });
  steps.push(() => running.close(GRACE_MS));
  return running.port;
}

async function serveSecure(server: InstanceType<typeof DiscoveryServer>, trustDomain: string): Promise<number> {
  const authority = await identity.openCertificateAuthority({
    directory: command.caDir,
    trustDomain,
    clock,
    maxTtlMs: command.workloadCertTtlMs,
  });
  const attestor = identity.firstAttestor([
    identity.joinTokenAttestor({ directory: command.caDir, clock }),
    ...tokenAttestors(trustDomain),
    identity.certificateAttestor({ authority, clock }),
  ]);
  const services = [
    server.service((call) => attestor.attest(identity.callerProof(call))),
    identity.certificateService({ authority, attestor, logger, clock }),
    identity.nodeAgentService({ authority, attestor, logger, clock }),
    identity.trustService({ authority, attestor, logger }),
  ];
  let serving: Awaited<ReturnType<typeof serveGrpc>> | undefined;
  const certificate = await identity.keepServerCertificate({
    authority,
    names: SERVER_NAMES,
    clock,
    logger,
    onRenewed: () => serving?.renew(certificate.current, authority.roots),
  });
  const running = await serveGrpc({
    address: command.secureGrpcAddr,
    tls: { ...certificate.current, clientRoots: authority.roots },
    services,
  });
  serving = running;
  steps.push(
    identity.watchAuthority({ authority, clock, logger }),
    () => certificate.close(),
    () => running.close(GRACE_MS),
  );
  return running.port;
}

function tokenAttestors(trustDomain: string) {
  if (!command.tokenJwks) return [];
  const jwks = readFileSync(command.tokenJwks, 'utf8');
  return [identity.tokenAttestor({ jwks, issuer: command.tokenIssuer, trustDomain, clock })];
}

async function serveApp(app: ReturnType<typeof discovery.debugApp>, address: typeof command.httpAddr): Promise<number> {
  const running = await serveHttp(app, address);
  steps.push(() => running.close());
  return running.port;
}

function readMesh() {
  const systemRoots = SYSTEM_ROOTS.find((path) => existsSync(path)) ?? DEFAULT_MESH.systemRoots;
  const written: unknown = command.meshConfig ? parse(readFileSync(command.meshConfig, 'utf8')) : {};
  const settings = discovery.meshSettings(written, { ...DEFAULT_MESH, domain: command.domain, systemRoots });
  return { ...settings, v1: discovery.v1Mesh(written) };
}

function readCommand(): ReturnType<typeof discoveryCommand> {
  try {
    return discoveryCommand(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    process.stderr.write(`pilot-discovery: ${error.message}\n\n${USAGE}`);
    return process.exit(1);
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
process.once('disconnect', () => void stop());

/** Stops in the order in which things were opened: first no more pushes, then the ports. */
async function stop(): Promise<void> {
  ready = false;
  setTimeout(() => process.exit(1), 4 * GRACE_MS).unref();
  for (const step of steps) await step();
  process.exit(0);
}
