// Follows redirects of upstreams in the client's place: a request and a redirect → the request that the redirect asks for.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_connection_management#internal-redirects
import { type Decision, type InternalRedirect, normalisePath } from '@meltemi/decide';
import type { RequestHead, ResponseHead } from '@meltemi/wire';
import type { HttpSettings } from './http-settings.ts';
import type { StreamEntry } from './stream-entry.ts';

/** The request that was redirected. */
export interface RedirectedRequest {
  readonly head: RequestHead;
  readonly entry: StreamEntry;
  readonly settings: HttpSettings;
  /** By the entry as it is. */
  decide(): Decision;
}

interface Target {
  readonly scheme: string;
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
}

/** One a stream, for one request of the client's after the other. */
export class InternalRedirects {
  /** Names of the routes that were redirected. */
  #visited: readonly string[] = [];

  reset(): void {
    if (this.#visited.length > 0) this.#visited = [];
  }

  /** Changes the request to what the redirect asks for. False: the client gets the redirect, and the request is as it was. */
  follow(response: ResponseHead, policy: InternalRedirect, from: string, request: RedirectedRequest): boolean {
    const { entry, settings } = request;
    const target = targetOf(response.headers.get('location'), settings);
    if (!target || this.#visited.length >= policy.maxRedirects) return false;
    if (target.scheme !== entry.scheme && !policy.allowCrossScheme) return false;
    const before = { scheme: entry.scheme, authority: entry.authority, path: entry.path };
    Object.assign(entry, target);
    const visited = [...this.#visited, from];
    const decision = request.decide();
    const hop = { visited, fromScheme: before.scheme, toScheme: target.scheme };
    if (
      decision.kind === 'not-found' ||
      !policy.allows.every((allows) => allows({ route: decision.route.name, ...hop }))
    ) {
      Object.assign(entry, before);
      return false;
    }
    this.#visited = visited;
    changeHeaders(response, policy, before, request);
    return true;
  }
}

/** As Envoy, only absolute locations are followed. Undefined: not a place that can be asked here. */
function targetOf(location: string | undefined, settings: HttpSettings): Target | undefined {
  const [, scheme = '', authority = '', rest = ''] = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(location ?? '') ?? [];
  if (authority === '') return undefined;
  const normal = normalisePath(rest.startsWith('/') ? rest : `/${rest}`, settings.path);
  if (normal.kind === 'reject') return undefined;
  return { scheme: scheme.toLowerCase(), authority, path: normal.path };
}

function changeHeaders(
  response: ResponseHead,
  policy: InternalRedirect,
  before: Target,
  { head: { headers }, entry }: RedirectedRequest,
): void {
  headers.set('x-envoy-original-url', `${before.scheme}://${headers.get('host') ?? before.authority}${before.path}`);
  headers.set('host', entry.authority);
  for (const name of policy.headersToCopy) {
    headers.remove(name);
    for (const value of response.headers.getAll(name)) headers.add(name, value);
  }
  if (response.status !== 303 || entry.method === 'GET' || entry.method === 'HEAD') return;
  entry.method = 'GET';
  for (const name of ['content-length', 'content-type', 'transfer-encoding']) headers.remove(name);
}
