// Wires the agent: sockets for xDS and secrets, certificates, the proxy as a child, and a status server.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Dice, type Logger, Scope, type SocketAddress } from '@meltemi/base';
import { type Identity, spiffeId } from '@meltemi/identity';
import { serveGrpc } from '@meltemi/rpc';
import { bootstrap, type BootstrapOptions, nodeId } from './bootstrap.ts';
import { readCertificateFiles, writeCertificateFiles } from './certificate-files.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { DiscoveryClient } from './discovery-client.ts';
import { drainProxy } from './drain.ts';
import { heldCertificate } from './held-certificate.ts';
import { ProxyProcess } from './proxy-process.ts';
import { Readiness } from './readiness.ts';
import { secretService } from './secret-service.ts';
import { SecretStore } from './secret-store.ts';
import { type AgentSockets, agentSockets } from './socket-directory.ts';
import { TrustWatcher } from './trust-watcher.ts';
import { workloadApi } from './workload-api.ts';
import { xdsRelay } from './xds-relay.ts';

/** Times in milliseconds. */
export interface AgentOptions {
  readonly workload: Omit<BootstrapOptions, 'xdsSocket' | 'sdsSocket' | 'adminPort'>;
  /** Pilot over TLS, usually port 15012. */
  readonly discoveryAddress: SocketAddress;
  /** The DNS name that Pilot's certificate must have. */
  readonly discoveryName: string;
  /** PEM file of the roots that Pilot's certificate must chain to. */
  readonly discoveryRoots: string;
  /** File with the workload's token, or a join token; read again for each call. */
  readonly tokenFile: string;
  /** Directory with a certificate to be known by before there is one of the agent's own. */
  readonly provisionedCertificates?: string;
  /** Directory where each certificate is kept for others on the machine. */
  readonly outputCertificates?: string;
  readonly trustDomain: string;
  /** Wanted life of certificates; 0: as long as the authority gives. */
  readonly secretTtlMs: number;
  /** Directory for the bootstrap file and the sockets. */
  readonly configPath: string;
  /** Where a short directory for the sockets is made when `configPath` is long. */
  readonly temporaryDirectory: string;
  readonly adminPort: number;
  /** Port of the status server on the pod's address; undefined: none, 0: any. */
  readonly statusPort?: number;
  /** The proxy's program and the arguments that stand before its own. */
  readonly proxyCommand: readonly [string, ...string[]];
  /** Whether the proxy is ours and takes an IPC channel. */
  readonly proxyTakesIpc: boolean;
  /** Workers of the proxy; 0: as many as it wants. */
  readonly concurrency: number;
  readonly drainDurationMs: number;
  readonly proxyLogLevel: string;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
  /** Called for every proxy process, the first and each after a restart. */
  readonly onProxyStarted?: (pid: number) => void;
  /** Called once, when the proxy first says that it is ready. */
  readonly onReady?: () => void;
}

export interface Agent {
  /** Bound port of the status server; 0 without one. */
  readonly statusPort: number;
  /** Drains the proxy and stops everything. */
  drain(): Promise<void>;
}

/** Resolves when the sockets are open and the proxy was started; certificates come when the authority answers. */
export async function runAgent(options: AgentOptions): Promise<Agent> {
  const scope = new Scope();
  try {
    await mkdir(options.configPath, { recursive: true, mode: 0o700 });
    const store = new SecretStore();
    const discovery = await connectDiscovery(options, store, scope);
    const keeper = keepCertificate(options, discovery, store, scope);
    const sockets = await serveSockets(options, discovery, store, scope);
    startProxy(options, await writeBootstrap(options, sockets), scope);
    const statusPort = await startStatus(options, store, keeper, scope);
    return { statusPort, drain: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

async function connectDiscovery(options: AgentOptions, store: SecretStore, scope: Scope): Promise<DiscoveryClient> {
  const { clock, tokenFile, provisionedCertificates: directory } = options;
  const provisioned = directory === undefined ? undefined : await readCertificateFiles(directory);
  const discovery = new DiscoveryClient({
    address: options.discoveryAddress,
    serverName: options.discoveryName,
    rootsFile: options.discoveryRoots,
    credentials: { tokenFile, certificate: () => heldCertificate(store, provisioned, clock) },
    clock,
  });
  scope.defer(() => discovery.close());
  return discovery;
}

function keepCertificate(
  options: AgentOptions,
  discovery: DiscoveryClient,
  store: SecretStore,
  scope: Scope,
): CertificateKeeper {
  const { secretTtlMs: ttlMs, clock, dice, logger } = options;
  const createCertificate = discovery.createCertificate.bind(discovery);
  const identity = identityOf(options);
  const keeper = new CertificateKeeper({ identity, ttlMs, createCertificate, store, clock, dice, logger });
  scope.defer(() => keeper.close());
  const onTainted = keeper.leaveRoots.bind(keeper);
  const openStream = discovery.openTrustStream.bind(discovery);
  const trust = new TrustWatcher({ openStream, store, onTainted, clock, dice, logger });
  scope.defer(() => trust.close());
  if (options.outputCertificates !== undefined) keepFiles(options.outputCertificates, store, logger, scope);
  void keeper.start();
  void trust.start();
  return keeper;
}

function identityOf({ trustDomain, workload }: AgentOptions): Identity {
  return { trustDomain, namespace: workload.podNamespace, serviceAccount: workload.serviceAccount };
}

/** One after the other: the files are never of two certificates. */
function keepFiles(directory: string, store: SecretStore, logger: Logger, scope: Scope): void {
  let last = Promise.resolve();
  const write = () => {
    last = last
      .then(() => writeCertificateFiles(directory, store.current!))
      .catch((error: Error) => logger.named('certificate').error(`${directory} was not written: ${error.message}`));
  };
  scope.defer(store.watch(write));
  scope.defer(() => last);
}

async function serveSockets(
  options: AgentOptions,
  discovery: DiscoveryClient,
  store: SecretStore,
  scope: Scope,
): Promise<AgentSockets> {
  const { configPath, temporaryDirectory, trustDomain, logger } = options;
  const sockets = await agentSockets(configPath, temporaryDirectory);
  scope.defer(() => sockets.remove());
  const xds = await serveGrpc({ address: { path: sockets.xds }, services: [xdsRelay(discovery, logger)] });
  scope.defer(() => xds.close(0));
  const workload = workloadApi({ store, trustDomain, spiffeId: spiffeId(identityOf(options)) });
  const sds = await serveGrpc({ address: { path: sockets.sds }, services: [secretService(store, logger), workload] });
  scope.defer(() => sds.close(0));
  return sockets;
}

async function writeBootstrap(options: AgentOptions, sockets: AgentSockets): Promise<ProxyBootstrap> {
  const content = { ...options.workload, adminPort: options.adminPort, xdsSocket: sockets.xds, sdsSocket: sockets.sds };
  const path = join(options.configPath, 'envoy-rev.json');
  await writeFile(path, JSON.stringify(bootstrap(content), undefined, 2), { mode: 0o600 });
  return { path, nodeId: nodeId(content) };
}

interface ProxyBootstrap {
  readonly path: string;
  readonly nodeId: string;
}

function startProxy(options: AgentOptions, file: ProxyBootstrap, scope: Scope): void {
  const { adminPort, clock, logger, onProxyStarted: onStarted, onReady } = options;
  const readiness = new Readiness({ adminPort, clock, onReady: () => onReady?.() });
  const proxy = new ProxyProcess({
    command: [...options.proxyCommand, ...proxyArguments(options, file)],
    ipc: options.proxyTakesIpc,
    clock,
    logger,
    ...(onStarted && { onStarted }),
    onMessage: (message) => isReadyMessage(message) && readiness.confirm(),
  });
  scope.defer(() => drainProxy(proxy, options));
  scope.defer(() => readiness.close());
}

function proxyArguments(options: AgentOptions, file: ProxyBootstrap): readonly string[] {
  const values = {
    '-c': file.path,
    '--service-node': file.nodeId,
    '--service-cluster': options.workload.serviceCluster,
    '--drain-time-s': String(Math.ceil(options.drainDurationMs / 1000)),
    // What configuration replaced ends with its next response, as under Istio's agent: rules hold soon.
    '--drain-strategy': 'immediate',
    '-l': options.proxyLogLevel,
    ...(options.concurrency > 0 && { '--concurrency': String(options.concurrency) }),
  };
  return [...Object.entries(values).flat(), '--disable-hot-restart'];
}

function isReadyMessage(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true;
}

async function startStatus(
  { statusPort, adminPort, workload }: AgentOptions,
  store: SecretStore,
  keeper: CertificateKeeper,
  scope: Scope,
): Promise<number> {
  if (statusPort === undefined) return 0;
  const { serveStatus } = await import('./status-server.ts');
  const server = await serveStatus({ host: workload.ip, port: statusPort, adminPort, store, keeper });
  scope.defer(() => server.close());
  return server.port;
}
