// Asks a Kubernetes API server: JSON in, JSON out, and watches as they come in, line by line.
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';

import { isRecord } from '../document.ts';
import { jsonLines } from './json-lines.ts';
import type { KubeAccess } from './kubeconfig.ts';
import { KubeError } from './kube-error.ts';

/** What the client asks; bodies of PATCH are merge patches unless `contentType` says else. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query: `/api/v1/pods?limit=500`. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** Longest answer of one request: a page of 500 large objects. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const MERGE_PATCH = 'application/merge-patch+json';

export interface KubeClientOptions {
  readonly access: KubeAccess;
  /** So long an answer may stay away, and so long a watch may stay silent. */
  readonly timeoutMs?: number;
  readonly watchSilenceMs?: number;
}

/** Rejects with KubeError: `status` with the server's own words, `gone` for 410, `network` for all that broke off. */
export class KubeClient {
  readonly #access: KubeAccess;
  readonly #agent: HttpAgent;
  readonly #timeoutMs: number;
  readonly #watchSilenceMs: number;

  /** The server's bookmarks come each minute: a watch that is silent for much longer has lost its server. */
  constructor({ access, timeoutMs = 30_000, watchSilenceMs = 150_000 }: KubeClientOptions) {
    this.#access = access;
    this.#timeoutMs = timeoutMs;
    this.#watchSilenceMs = watchSilenceMs;
    this.#agent = access.server.startsWith('https:') ? new Agent(tlsOptions(access)) : new HttpAgent(KEEP_ALIVE);
  }

  /** The parsed answer. */
  async request(request: KubeRequest): Promise<unknown> {
    const response = await this.#send(request, this.#timeoutMs);
    const body = await readBody(response);
    if (response.statusCode! >= 300) throw refusedError(request, response.statusCode!, body);
    return parseAnswer(request, body);
  }

  /** The objects of an answer that does not end, one a line. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<unknown, void> {
    const request: KubeRequest = { method: 'GET', path, signal };
    const response = await this.#send(request, this.#watchSilenceMs);
    if (response.statusCode! >= 300) throw refusedError(request, response.statusCode!, await readBody(response));
    try {
      yield* jsonLines(response as AsyncIterable<Buffer>);
    } catch (cause) {
      throw cause instanceof KubeError ? cause : networkError(request, cause);
    } finally {
      response.destroy();
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#agent.destroy();
  }

  /** Resolves when the head of the answer is there. */
  #send(request: KubeRequest, timeoutMs: number): Promise<IncomingMessage> {
    const url = new URL(`${this.#access.server}${request.path}`);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    return new Promise((resolve, reject) => {
      const options = {
        method: request.method,
        headers: this.#headers(request, body),
        agent: this.#agent,
        timeout: timeoutMs,
        ...(request.signal && { signal: request.signal }),
      };
      const sent = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
      sent.on('timeout', () => sent.destroy(new Error(`nothing came for ${timeoutMs} ms`)));
      sent.on('error', (cause) => reject(networkError(request, cause)));
      sent.end(body);
    });
  }

  #headers(request: KubeRequest, body: string | undefined): Record<string, string> {
    const type = request.contentType ?? (request.method === 'PATCH' ? MERGE_PATCH : 'application/json');
    const token = this.#access.token?.();
    return {
      accept: 'application/json',
      'user-agent': 'meltemi',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }),
    };
  }
}

const KEEP_ALIVE = { keepAlive: true, keepAliveMsecs: 15_000 } as const;

function tlsOptions({ ca, certificate, key, insecure, serverName }: KubeAccess) {
  return {
    ...KEEP_ALIVE,
    minVersion: 'TLSv1.2' as const,
    rejectUnauthorized: !insecure,
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new KubeError('network', `API server: ${(cause as Error).message}`, { cause });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseAnswer({ method, path }: KubeRequest, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new KubeError('answer', `${method} ${path}: the answer is no JSON`, { cause });
  }
}

function refusedError({ method, path }: KubeRequest, status: number, body: string): KubeError {
  const code = status === 410 ? 'gone' : 'status';
  return new KubeError(code, `${method} ${path}: ${status} ${statusMessage(body)}`, { status });
}

/** The message of a `Status` object, or the text as it is. */
function statusMessage(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (isRecord(value) && typeof value['message'] === 'string') return value['message'];
  } catch {
    // Proxies before the server answer with other things than JSON.
  }
  return body.slice(0, 200);
}

function networkError({ method, path }: KubeRequest, cause: unknown): KubeError {
  return new KubeError('network', `${method} ${path}: ${(cause as Error).message}`, { cause });
}
