#!/usr/bin/env node
// pilot-discovery: the control plane in one process. With an IPC channel it says there when it serves, and ends with it.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
// Not asked for later: of a bundled CommonJS package only what is imported by name can be.
import { parse } from 'yaml';
import type { CertificateAuthority } from '@meltemi/identity';
import type { RunningAuthority } from './support/run-authority.ts';

enableCompileCache();
const { createLogger, systemClock, systemDice } = await import('@meltemi/base');
const { DirectoryStore, LeaderLease, RootConfigMaps, StatusWriter } = await import('@meltemi/config');
const discovery = await import('@meltemi/discovery');
const { CommandLineError, DEFAULT_MESH, discoveryCommand, DiscoveryServer, USAGE } = discovery;
const identity = await import('@meltemi/identity');
const { RegistryStore } = await import('@meltemi/registry');
const { openConfigStores } = await import('./support/open-config-stores.ts');
const { runAuthority } = await import('./support/run-authority.ts');
const { tokenAttestors } = await import('./support/token-attestors.ts');
const { guardedFetch, serveGrpc, serveHttp } = await import('@meltemi/rpc');

type ConfigStores = Awaited<ReturnType<typeof openConfigStores>>;
type Mesh = ReturnType<typeof readMesh>['mesh'];
type Debug = ReturnType<typeof discovery.debugDiscovery>;

const VERSION = '0.1.0';
/** How long streams get to end by themselves; their proxies connect again to the next process. */
const GRACE_MS = 500;
const SERVER_NAMES = ['istiod.istio-system.svc', 'istio-pilot.istio-system.svc', 'localhost', '127.0.0.1'];
/** So long the first proxies wait for the keys of token issuers. */
const KEY_SETS_MS = 5000;
const KEY_SET_BYTES = 1024 * 1024;
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
  const { mesh, v1, problems: meshProblems, written } = readMesh();
  const { domain } = mesh;
  const stores = await openConfigStores({ command, clock, logger, domain, env: process.env });
  const { config } = stores;
  const pods = command.podsDir
    ? await DirectoryStore.open({ directories: [command.podsDir], clock, logger: logger.named('pods'), domain })
    : undefined;
  const registry = new RegistryStore({ config, ...(pods && { pods }), domain });
  let running: RunningAuthority | undefined;
  const moreProblems = () => [
    ...meshProblems,
    ...(pods?.view().problems ?? []),
    ...(running ? identity.authorityProblems(running.authority, clock.now()) : []),
  ];
  const keySets = await openKeySets(config.view(), domain);
  const server = new DiscoveryServer({ config, registry, mesh, clock, logger, moreProblems, keySets });
  writeStatuses(stores);
  steps.push(
    () => server.close(),
    () => keySets.close(),
    () => registry.close(),
    () => stores.close(),
    () => pods?.close(),
  );

  const pages = new discovery.DebugPages({ server, meshConfig: () => discovery.meshConfigJson(mesh, written) });
  const id = process.env['POD_NAME'] ?? 'pilot-discovery';
  const debug = discovery.debugDiscovery({ server, pages, id, version: VERSION });
  const grpc = await servePlaintext(server, debug);
  running = command.caDir ? await openAuthority(server, mesh, debug, stores) : undefined;
  const ports = {
    grpc,
    secureGrpc: running?.port ?? 0,
    http: await serveApp(httpApp(server, debugApp(pages, mesh, stores), v1), command.httpAddr),
    metrics: await serveApp(
      discovery.metricsApp(server, VERSION, debugApp(pages, mesh, stores), () => running?.metrics() ?? ''),
      command.monitoringAddr,
    ),
  };
  ready = true;
  logger.info(
    `serving xDS on ${ports.grpc} and ${ports.secureGrpc} (TLS), HTTP on ${ports.http}, metrics on ${ports.metrics}`,
  );
  if (process.connected) process.send?.({ ready: true, ...ports });
}

/** Of many control planes one writes statuses: the one that holds the lease. */
function writeStatuses({ client, kubernetes: store }: ConfigStores): void {
  if (!client || !store || command.configDirs.length > 0) return;
  const dice = systemDice();
  const lease = new LeaderLease({
    client,
    namespace: process.env['POD_NAMESPACE'] ?? 'istio-system',
    name: 'istio-status-leader',
    identity: process.env['POD_NAME'] ?? `pilot-discovery-${randomUUID()}`,
    clock,
    dice,
    logger,
    onChange: () => writer.refresh(),
  });
  const writer = new StatusWriter({ client, store, leads: () => lease.leads, clock, dice, logger });
  steps.push(
    () => writer.close(),
    () => lease.close(),
  );
}

/** Whose issuers were all asked once, or did not answer in time. */
async function openKeySets(...[view, domain]: Parameters<typeof discovery.keySetSources>) {
  const fetch = guardedFetch({ allowed: command.jwksAllowedRanges, maxBytes: KEY_SET_BYTES });
  const times = { now: clock.now(), oldest: clock.now() - discovery.KEPT_MS };
  const directory = command.lastGoodDir && join(command.lastGoodDir, 'key-sets');
  const kept = directory === '' ? undefined : await discovery.KeptKeySets.open(directory, times);
  const keySets = new discovery.KeySetStore({ fetch, clock, logger: logger.named('keys'), ...(kept && { kept }) });
  keySets.want(discovery.keySetSources(view, domain));
  let deadline: ReturnType<typeof clock.after> | undefined;
  await Promise.race([keySets.asked(), new Promise<void>((end) => (deadline = clock.after(KEY_SETS_MS, end)))]);
  deadline?.cancel();
  return keySets;
}

/** Readiness and debugging. */
function debugApp(
  pages: InstanceType<typeof discovery.DebugPages>,
  { rootNamespace, trustDomain }: { readonly rootNamespace: string; readonly trustDomain: string },
  { client }: ConfigStores,
) {
  const attestor = identity.firstAttestor(tokenAttestors({ ...command, trustDomain, client, clock }));
  const authenticate = (authorization?: string) =>
    attestor.attest(authorization === undefined ? {} : { authorization });
  return discovery.debugApp({ pages, ready: () => ready, version: VERSION, rootNamespace, authenticate });
}

/** Beside them, the REST discovery of Istio 0.x. */
function httpApp(
  server: InstanceType<typeof DiscoveryServer>,
  debug: ReturnType<typeof debugApp>,
  v1: ReturnType<typeof discovery.v1Mesh>,
) {
  const { v1Release: release, namespace } = command;
  const options = { release, mesh: v1, ...(namespace !== '' && { namespace }) };
  return debug.route(
    '/',
    discovery.v1App(() => server.snapshot, options),
  );
}

async function servePlaintext(server: InstanceType<typeof DiscoveryServer>, debug: Debug): Promise<number> {
  const running = await serveGrpc({ address: command.grpcAddr, services: [server.service(undefined, debug)] });
  steps.push(() => running.close(GRACE_MS));
  return running.port;
}

async function openAuthority(
  server: InstanceType<typeof DiscoveryServer>,
  mesh: Mesh,
  debug: Debug,
  { client, kubernetes }: ConfigStores,
): Promise<RunningAuthority> {
  const running = await runAuthority({
    ...command,
    directory: command.caDir,
    trustDomain: mesh.trustDomain,
    maxTtlMs: command.workloadCertTtlMs,
    names: SERVER_NAMES,
    address: command.secureGrpcAddr,
    bundleAddress: command.bundleAddr,
    client,
    secrets: command.accountSecrets ? secretsOptions() : undefined,
    services: (attestor) => [server.service((call) => attestor.attest(identity.callerProof(call)), debug)],
    federation: (authority) => federatedBundles(mesh, authority),
    clock,
    logger,
  });
  const { authority } = running;
  const rootMaps =
    client &&
    kubernetes &&
    new RootConfigMaps({ client, store: kubernetes, roots: () => authority.roots, clock, dice: systemDice(), logger });
  steps.push(
    authority.watch(() => rootMaps?.refresh()),
    () => rootMaps?.close(),
    () => running.close(GRACE_MS),
  );
  return running;
}

/** What this mesh trusts of others. */
function federatedBundles(mesh: Mesh, authority: CertificateAuthority) {
  return new identity.FederatedBundles({
    ownDomains: [mesh.trustDomain, ...mesh.trustDomainAliases],
    ownRoots: () => authority.roots,
    sources: mesh.federated,
    fetch: guardedFetch({ allowed: command.jwksAllowedRanges, maxBytes: KEY_SET_BYTES }),
    clock,
    logger,
  });
}

function secretsOptions() {
  const meshNamespace = process.env['POD_NAMESPACE'] ?? 'istio-system';
  const ttlMs = command.workloadCertTtlMs;
  return { ttlMs, meshNamespace, namespace: undefined, identity: process.env['POD_NAME'] };
}

async function serveApp(app: ReturnType<typeof discovery.debugApp>, address: typeof command.httpAddr): Promise<number> {
  const running = await serveHttp(app, address);
  steps.push(() => running.close());
  return running.port;
}

function readMesh() {
  const systemRoots = SYSTEM_ROOTS.find((path) => existsSync(path)) ?? DEFAULT_MESH.systemRoots;
  const written = readYaml(command.meshConfig);
  const { domain, mutualTls, loadBalancer, mixer } = command;
  const settings = discovery.meshSettings(written, {
    ...DEFAULT_MESH,
    domain,
    mutualTls,
    loadBalancer,
    mixer,
    systemRoots,
  });
  const { networks, problems } = discovery.meshNetworks(readYaml(command.networksConfig));
  return {
    mesh: { ...settings.mesh, networks },
    problems: [...settings.problems, ...problems],
    v1: discovery.v1Mesh(written),
    written,
  };
}

/** Of no file nothing. */
function readYaml(path: string): unknown {
  return path === '' ? {} : parse(readFileSync(path, 'utf8'));
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
