// Asks a Kubernetes API server in a sandbox: objects as plain JSON in, answers as plain JSON out.
import type { Sandbox } from '../sandbox/sandbox.ts';

/** An object of any kind. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string } & Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Kinds whose plural is not the name with an s. */
const IRREGULAR: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies', Ingress: 'ingresses' };

export class KubeClient {
  readonly #sandbox: Sandbox;
  readonly #server: string;
  readonly #token: string;

  constructor(sandbox: Sandbox, server: string, token: string) {
    this.#sandbox = sandbox;
    this.#server = server;
    this.#token = token;
  }

  async ready(): Promise<boolean> {
    const answer = await this.#fetch('GET', '/readyz').catch(() => undefined);
    return answer?.status === 200;
  }

  /** Rejects with the server's words when it refuses. */
  async create(object: KubeObject): Promise<void> {
    await this.request('POST', collection(object), object);
  }

  async replaceStatus(object: KubeObject, status: object): Promise<void> {
    await this.request('PATCH', `${path(object)}/status`, { status });
  }

  async patch(object: KubeObject, change: object): Promise<void> {
    await this.request('PATCH', path(object), change);
  }

  async delete(object: KubeObject): Promise<void> {
    await this.request('DELETE', path(object));
  }

  /** The parsed body. Rejects on any status that is not of success. */
  async request(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await this.#fetch(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as unknown;
  }

  #fetch(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: string }> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': type };
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    return this.#sandbox.fetch(`${this.#server}${path}`, { method, headers, ...text });
  }
}

function path(object: KubeObject): string {
  return `${collection(object)}/${object.metadata.name}`;
}

function collection({ apiVersion, kind, metadata }: KubeObject): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${namespace}/${IRREGULAR[kind] ?? `${kind.toLowerCase()}s`}`;
}
