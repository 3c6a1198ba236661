// `istioctl can SOURCE DESTINATION [METHOD PATH]`: whether a call would be let in, and by which policy. No mesh is asked.
import type { JsonObject } from '@bufbuild/protobuf';
import { type AccessRequest, normalisePath } from '@meltemi/decide';
import { DEFAULT_MESH, workloadAccess } from '@meltemi/discovery';
import { readRegistry } from '@meltemi/registry';
import { explainRequest } from '../diagnosis/explain/explain-request.ts';
import { openStore } from '../open-store.ts';
import { CommandError, EXIT, type Terminal } from '../terminal.ts';
import { callerIdentity, calledPort, type CalledPort, type World } from './access-question.ts';
import { judgeAccess } from './judge-access.ts';

export interface CanOptions {
  readonly source: string;
  readonly destination: string;
  readonly method: string;
  readonly path: string;
  /** `name: value` each. */
  readonly headers: readonly string[];
  /** JSON: what the caller's token claims; undefined: no token. */
  readonly claims: string | undefined;
  /** The caller's address. */
  readonly ip: string;
  readonly namespace: string;
  readonly configDir: string;
}

/** Throws CommandError where the call is not let in. */
export async function can(options: CanOptions, terminal: Terminal): Promise<void> {
  const world = await readWorld(options, terminal);
  const called = calledPort(options.destination, world);
  const call = callOf(options, world, called);
  const answers = called.workloads.map((workload) => {
    const access = workloadAccess(world.config, DEFAULT_MESH, workload);
    return { workload, ...judgeAccess(access, call, called.containerPort) };
  });
  const many = answers.length > 1;
  for (const { workload, allowed, reasons } of answers) {
    const where = many ? `${workload.name}.${workload.namespace}: ` : '';
    terminal.out(`${where}${allowed ? 'yes' : 'no'}: ${reasons.join('; ')}\n`);
  }
  if (answers.some(({ allowed }) => !allowed)) throw new CommandError('the call would not be let in');
}

async function readWorld({ configDir, namespace }: CanOptions, terminal: Terminal): Promise<World> {
  const store = await openStore(configDir, terminal);
  const config = store.view();
  await store.close();
  const { domain, trustDomain } = DEFAULT_MESH;
  const registry = readRegistry({ config: { view: () => config, watch: () => ({ close: () => {} }) }, domain });
  return { config, registry, namespace, domain, trustDomain };
}

/** The call as the sidecar of the destination sees it. */
function callOf(options: CanOptions, world: World, { service, port, containerPort, http }: CalledPort): AccessRequest {
  const identity = callerIdentity(options.source, world);
  const connection = {
    local: { host: '127.0.0.1', port: containerPort },
    remote: { host: options.ip, port: 1024 },
    serverName: identity && `outbound_.${port.number}_._.${service.host}`,
    peer: identity === undefined ? undefined : { uris: [identity], dns: [], subject: '' },
  };
  if (!http) return { connection, request: undefined };
  const { method, headers } = options;
  const url = `http://${service.host}:${port.number}${options.path}`;
  const request = explainRequest({ url, method, headers });
  const metadata = tokenMetadata(options.claims);
  return {
    connection,
    request: { ...request, path: normalised(request.path), remoteAddress: options.ip, ...(metadata && { metadata }) },
    ...(metadata && { metadata }),
  };
}

/** As sidecars do before they look at policies. */
function normalised(path: string): string {
  const result = normalisePath(path, { normalizePath: true, mergeSlashes: false, escapedSlashes: 'keep' });
  if (result.kind === 'ok') return result.path;
  throw new CommandError(`${path}: a sidecar answers 400 to such a path`, EXIT.usage);
}

function tokenMetadata(claims: string | undefined): Readonly<Record<string, JsonObject>> | undefined {
  if (claims === undefined) return undefined;
  try {
    return { 'envoy.filters.http.jwt_authn': { payload: JSON.parse(claims) as JsonObject } };
  } catch (error) {
    throw new CommandError(`--claims: this is not JSON: ${claims}`, EXIT.usage, { cause: error });
  }
}
