// A kubeconfig's text, or the files of a pod → the way to an API server: address, trust, credentials.
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { parse } from 'yaml';

import { isRecord } from '../document.ts';
import { KubeError } from './kube-error.ts';

export interface KubeAccess {
  /** `https://HOST:PORT`, with a path where the server stands behind one. */
  readonly server: string;
  /** PEM; undefined: the roots of the system. */
  readonly ca?: string;
  /** The name in the server's certificate, where it isn't the address. */
  readonly serverName?: string;
  /** The certificate of the server is not verified: only where the user's kubeconfig says so. */
  readonly insecure: boolean;
  /** PEM of the client's certificate and key. */
  readonly certificate?: string;
  readonly key?: string;
  /** Read before each request, because bound tokens are renewed. */
  readonly token?: () => string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Where Kubernetes puts a pod's credentials. */
export const IN_CLUSTER_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What users may have that needs programs or services beside the file. */
const UNSUPPORTED = ['exec', 'auth-provider', 'username', 'password', 'as', 'as-uid', 'as-groups', 'as-user-extra'];

/** Reads a file of `kubectl`. `context`: other than its current one. Throws KubeError `kubeconfig`. */
export function readKubeconfig(file: string, context?: string): KubeAccess {
  const config = readYaml(file);
  const name = context ?? text(config, 'current-context') ?? refuse(file, 'it has no current-context');
  const chosen = entry(file, config, 'context', name);
  const cluster = entry(file, config, 'cluster', text(chosen, 'cluster') ?? '');
  const userName = text(chosen, 'user');
  const user = userName === undefined ? {} : entry(file, config, 'user', userName);
  const unsupported = [...UNSUPPORTED.filter((field) => field in user), ...['proxy-url'].filter((f) => f in cluster)];
  if (unsupported.length > 0) refuse(file, `context ${name}: ${unsupported.join(', ')} is not supported`);
  const server = text(cluster, 'server') ?? refuse(file, `context ${name}: its cluster has no server`);
  return { ...clusterAccess(file, cluster, checkedServer(file, server)), ...userAccess(file, user) };
}

/** The access of a pod to its cluster. Throws KubeError `kubeconfig` outside of one. */
export function inClusterAccess(host: string | undefined, port: string | undefined, directory = IN_CLUSTER_DIRECTORY) {
  if (!host || !port) return refuse('in-cluster', 'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
  const address = host.includes(':') ? `[${host}]` : host;
  const access: KubeAccess = {
    server: `https://${address}:${port}`,
    ca: readText('in-cluster', join(directory, 'ca.crt')),
    insecure: false,
    token: () => readText('in-cluster', join(directory, 'token')).trim(),
  };
  return access;
}

function clusterAccess(file: string, cluster: Fields, server: string): KubeAccess {
  const ca = inlineOrFile(file, cluster, 'certificate-authority');
  const serverName = text(cluster, 'tls-server-name');
  const insecure = cluster['insecure-skip-tls-verify'] === true;
  if (insecure && ca !== undefined)
    refuse(file, 'insecure-skip-tls-verify and certificate-authority exclude each other');
  return { server, insecure, ...(ca !== undefined && { ca }), ...(serverName !== undefined && { serverName }) };
}

function userAccess(file: string, user: Fields): Partial<KubeAccess> {
  const certificate = inlineOrFile(file, user, 'client-certificate');
  const key = inlineOrFile(file, user, 'client-key');
  const tokenFile = text(user, 'tokenFile');
  const token = text(user, 'token');
  if ((certificate === undefined) !== (key === undefined)) refuse(file, 'a client certificate and its key go together');
  return {
    ...(certificate !== undefined && key !== undefined && { certificate, key }),
    ...(token !== undefined && { token: () => token }),
    ...(tokenFile !== undefined && { token: () => readText(file, resolve(dirname(file), tokenFile)).trim() }),
  };
}

function checkedServer(file: string, server: string): string {
  const url = URL.parse(server);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') refuse(file, `server ${server} is no URL of https`);
  return server.replace(/\/+$/, '');
}

function entry(file: string, config: Fields, kind: 'context' | 'cluster' | 'user', name: string): Fields {
  const all = config[`${kind}s`];
  const found = (Array.isArray(all) ? all : []).find((item: unknown) => isRecord(item) && item['name'] === name);
  const value = isRecord(found) ? found[kind] : undefined;
  return isRecord(value) ? value : refuse(file, `it has no ${kind} ${JSON.stringify(name)}`);
}

/** `FIELD-data` holds base64 and stands before `FIELD`, the path of a file beside the kubeconfig. */
function inlineOrFile(file: string, fields: Fields, field: string): string | undefined {
  const data = text(fields, `${field}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const path = text(fields, field);
  return path === undefined ? undefined : readText(file, resolve(dirname(file), path));
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readYaml(file: string): Fields {
  let value: unknown;
  try {
    value = parse(readText(file, file));
  } catch (cause) {
    throw new KubeError('kubeconfig', `kubeconfig ${file}: ${(cause as Error).message}`, { cause });
  }
  return isRecord(value) ? value : refuse(file, 'it is no map');
}

function readText(file: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new KubeError('kubeconfig', `kubeconfig ${file}: ${(cause as Error).message}`, { cause });
  }
}

function refuse(file: string, reason: string): never {
  throw new KubeError('kubeconfig', `kubeconfig ${file}: ${reason}`);
}
