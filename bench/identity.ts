// `./mesh bench identity`: CPU of one CreateCertificate, our control plane and a real istiod in turn, with the same given authority.
import { execFile } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { systemClock } from '@meltemi/base';
import { certificateRequest, openCertificateAuthority, spiffeId } from '@meltemi/identity';
import { Istiod, namespace, Sandbox, startKubeApiserver } from '@meltemi/testkit';
import type { CsrLoad } from './identity/csr-load.ts';
import { cpuMicroseconds } from './support/cpu-time.ts';
import { component } from './support/programs.ts';
import { estimate, median } from './support/statistics.ts';

const root = dirname(import.meta.dirname);
const identity = { trustDomain: 'cluster.local', namespace: 'bench', serviceAccount: 'caller' };
const SERVER_NAME = 'istiod.istio-system.svc';
const GOAL = { bar: 2, aim: 1 };
const WARM_UP_CALLS = 500;
const POLL_MS = 50;
const READY_DEADLINE_MS = 60_000;

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, calls: { type: 'string', default: '1000' } },
});

interface Side {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

const directory = mkdtempSync(join(tmpdir(), 'bench-identity-'));
const sandbox = await Sandbox.start();
try {
  const files = await authorityFiles(join(directory, 'ca'));
  const sides = [await ours(), await istiod()];
  for (const side of sides) await window(side, files, WARM_UP_CALLS);
  const costs = new Map<Side, number[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed())
      costs.get(side)!.push(await window(side, files, Number(flags.calls)));
  }
  report(sides, costs);
} finally {
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
}

/** A root as `cacerts` has one, and the caller's own certificate of it; the paths are those of the load. */
async function authorityFiles(ca: string): Promise<Pick<CsrLoad, 'roots' | 'key' | 'chain' | 'csr'>> {
  const { trustDomain } = identity;
  const authority = await openCertificateAuthority({ directory: ca, trustDomain, clock: systemClock() });
  const root = readFileSync(join(ca, 'root-cert.pem'));
  for (const name of ['ca-cert.pem', 'cert-chain.pem']) writeFileSync(join(ca, name), root);
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { chain } = await authority.issue({ publicKey: keys.publicKey, identity, ttlMs: 3_600_000 });
  const texts = {
    roots: authority.roots,
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    chain: chain[0]!,
    csr: certificateRequest({ ...keys, uri: spiffeId(identity) }),
  };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(directory, name), text);
  return { roots: at('roots'), key: at('key'), chain: at('chain'), csr: at('csr') };
}

function at(name: string): string {
  return join(directory, name);
}

async function ours(): Promise<Side> {
  const bundle = at('bundle');
  await promisify(execFile)(process.execPath, [join(root, 'tools/bundle.ts'), bundle]);
  mkdirSync(at('configuration'));
  const values = {
    configDir: at('configuration'),
    caDir: at('ca'),
    grpcAddr: '127.0.0.1:16010',
    secureGRPCAddr: '127.0.0.1:16012',
    httpAddr: '127.0.0.1:16080',
    monitoringAddr: '127.0.0.1:16014',
    log_output_level: 'warn',
  };
  const words = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
  const command = [process.execPath, `${bundle}/pilot-discovery.js`, 'discovery', ...words] as const;
  const server = sandbox.run({ command, log: at('ours.log') });
  const deadline = performance.now() + READY_DEADLINE_MS;
  while ((await sandbox.fetch('http://127.0.0.1:16080/ready').catch(() => undefined))?.status !== 200) {
    if (!server.running || performance.now() > deadline) throw new Error(readFileSync(at('ours.log'), 'utf8'));
    await delay(POLL_MS);
  }
  return { name: 'meltemi', port: 16_012, pid: server.pid! };
}

async function istiod(): Promise<Side> {
  const programs = { kubeApiserver: component('MELTEMI_REAL_KUBE_APISERVER'), etcd: component('MELTEMI_ETCD') };
  const kubernetes = await startKubeApiserver(sandbox, programs);
  await kubernetes.client.create(namespace('istio-system'));
  const server = await Istiod.start(sandbox, {
    program: component('MELTEMI_REAL_PILOT_DISCOVERY'),
    kubeconfig: kubernetes.kubeconfig,
    env: { ROOT_CA_DIR: at('ca') },
  });
  return { name: 'istiod', port: 15_012, pid: server.pid! };
}

/** Microseconds of the server's CPU a call. Rejects when what comes is not the caller's certificate. */
async function window(
  side: Side,
  files: Pick<CsrLoad, 'roots' | 'key' | 'chain' | 'csr'>,
  calls: number,
): Promise<number> {
  const load: CsrLoad = { ...files, host: '127.0.0.1', port: side.port, serverName: SERVER_NAME, calls, inFlight: 16 };
  const before = cpuMicroseconds(side.pid);
  const script = join(import.meta.dirname, 'identity/csr-load.ts');
  const leaf = new X509Certificate(
    await sandbox.complete({ command: [process.execPath, script, JSON.stringify(load)] }),
  );
  const cost = (cpuMicroseconds(side.pid) - before) / calls;
  if (leaf.subjectAltName !== `URI:${spiffeId(identity)}`)
    throw new Error(`${side.name} signed ${leaf.subjectAltName}`);
  return cost;
}

function report(sides: readonly Side[], costs: ReadonlyMap<Side, readonly number[]>): void {
  const [mine, theirs] = sides.map((side) => costs.get(side)!) as [readonly number[], readonly number[]];
  const ratio = estimate(mine.map((value, round) => value / theirs[round]!));
  for (const side of sides)
    process.stdout.write(`${side.name.padEnd(10)} ${median(costs.get(side)!).toFixed(0)} CPU µs a certificate\n`);
  const interval = `${ratio.median.toFixed(2)} [${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}]`;
  process.stdout.write(`CreateCertificate, ours to istiod's: ${interval}; bar ${GOAL.bar}, aim ${GOAL.aim}\n`);
}
