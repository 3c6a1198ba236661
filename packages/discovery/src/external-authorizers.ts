// Reads who decides for CUSTOM policies: the extension providers of a MeshConfig that speak Envoy's ext_authz.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
import { StatusCode } from '@meltemi/api/envoy/type/v3/http_status_pb';
import { parseDuration, type Problem } from '@meltemi/base';

/** Whom to ask, and what of a request. */
export interface ExternalAuthorizer {
  readonly name: string;
  readonly protocol: 'grpc' | 'http';
  /** `HOST` or `NAMESPACE/HOST`. */
  readonly service: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** What can't be asked is let in. */
  readonly failOpen: boolean;
  /** What its answer changes may choose another route. */
  readonly clearRouteCache: boolean;
  /** Answered when it can't be asked; undefined: 403. */
  readonly statusOnError: StatusCode | undefined;
  /** Undefined: bodies are not sent along. */
  readonly body: CheckedBody | undefined;
  /** Of HTTP alone. */
  readonly http: CheckedHeaders;
}

export interface CheckedBody {
  readonly maxBytes: number;
  readonly allowPartial: boolean;
  readonly asBytes: boolean;
}

/** Names may begin or end with `*`. */
export interface CheckedHeaders {
  readonly pathPrefix: string;
  readonly sent: readonly string[];
  /** Sent beside them, by name. */
  readonly added: readonly (readonly [string, string])[];
  /** Of its answer, what the application gets. */
  readonly upstreamOnAllow: readonly string[];
  readonly downstreamOnAllow: readonly string[];
  readonly downstreamOnDeny: readonly string[];
}

export interface ReadAuthorizers {
  readonly authorizers: readonly ExternalAuthorizer[];
  readonly problems: readonly Problem[];
}

type Fields = Readonly<Record<string, unknown>>;
type Say = (field: string, message: string) => undefined;

const PROTOCOLS = { envoyExtAuthzHttp: 'http', envoyExtAuthzGrpc: 'grpc' } as const;
const TIMEOUT_MS = 600_000;
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** `written`: the decoded `extensionProviders`. A provider with a fault is left out: what it should decide is denied. */
export function externalAuthorizers(written: unknown): ReadAuthorizers {
  const problems: Problem[] = [];
  const found = list(written).flatMap((each, index) => {
    const provider = asFields(each);
    const key = (['envoyExtAuthzHttp', 'envoyExtAuthzGrpc'] as const).find((name) => provider[name] !== undefined);
    if (!key) return [];
    const place = `extensionProviders[${index}]`;
    const before = problems.length;
    const say: Say = (field, message) => {
      const path = `${place}.${field}`;
      problems.push({ severity: 'error', code: 'MEL0303', message: `mesh config: ${path}: ${message}`, path });
      return undefined;
    };
    const authorizer = read(provider, key, say);
    return problems.length === before ? [authorizer] : [];
  });
  const names = Map.groupBy(found, ({ name }) => name);
  return { authorizers: [...names.values()].filter(({ length }) => length === 1).flat(), problems };
}

function read(provider: Fields, key: keyof typeof PROTOCOLS, say: Say): ExternalAuthorizer {
  const said = asFields(provider[key]);
  const name = text(provider, 'name', (field, message) => say(field, message));
  if (!NAME.test(name)) say('name', `${JSON.stringify(name)} is not a name of small letters, digits and hyphens`);
  const inside: Say = (field, message) => say(`${key}.${field}`, message);
  return {
    name,
    protocol: PROTOCOLS[key],
    service: service(said, inside),
    port: port(said, inside),
    timeoutMs: timeout(said, inside),
    failOpen: said['failOpen'] === true,
    clearRouteCache: said['clearRouteCache'] === true,
    statusOnError: status(said, inside),
    body: body(said['includeRequestBodyInCheck'], inside),
    http: headers(said, inside),
  };
}

function service(said: Fields, say: Say): string {
  const value = text(said, 'service', say);
  if (value === '') say('service', 'say which service is asked: HOST or NAMESPACE/HOST');
  return value;
}

function port(said: Fields, say: Say): number {
  const value = said['port'];
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  say('port', `${JSON.stringify(value)} is not the number of a port`);
  return 0;
}

function timeout(said: Fields, say: Say): number {
  const written = text(said, 'timeout', say);
  const ms = written === '' ? TIMEOUT_MS : parseDuration(written);
  if (ms === undefined) say('timeout', `"${written}" is not a time such as 10s`);
  return ms ?? TIMEOUT_MS;
}

/** Written as a text: `"503"`. */
function status(said: Fields, say: Say): StatusCode | undefined {
  const written = text(said, 'statusOnError', say);
  if (written === '') return undefined;
  const code = Number(written);
  if (/^\d{3}$/.test(written) && isStatusCode(code)) return code;
  return say('statusOnError', `${JSON.stringify(written)} is not the number of an HTTP status`);
}

function isStatusCode(code: number): code is StatusCode {
  return code > 0 && Object.hasOwn(StatusCode, code);
}

function body(written: unknown, say: Say): CheckedBody | undefined {
  if (written === undefined || written === null) return undefined;
  const said = asFields(written);
  const max = said['maxRequestBytes'];
  if (typeof max !== 'number' || !Number.isInteger(max) || max <= 0)
    say('includeRequestBodyInCheck.maxRequestBytes', 'say how many bytes of a body are sent at most');
  return {
    maxBytes: typeof max === 'number' ? max : 0,
    allowPartial: said['allowPartialMessage'] === true,
    asBytes: said['packAsBytes'] === true,
  };
}

function headers(said: Fields, say: Say): CheckedHeaders {
  const names = (field: string) => headerNames(said, field, say);
  const pathPrefix = text(said, 'pathPrefix', say);
  if (pathPrefix !== '' && !pathPrefix.startsWith('/')) say('pathPrefix', `"${pathPrefix}" does not begin with /`);
  const sent = names('includeRequestHeadersInCheck');
  const added = Object.entries(asFields(said['includeAdditionalHeadersInCheck']));
  return {
    pathPrefix,
    sent: sent.length > 0 ? sent : names('includeHeadersInCheck'),
    added: added.map(([name, value]) => [name, String(value)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
    upstreamOnAllow: names('headersToUpstreamOnAllow'),
    downstreamOnAllow: names('headersToDownstreamOnAllow'),
    downstreamOnDeny: names('headersToDownstreamOnDeny'),
  };
}

function headerNames(said: Fields, field: string, say: Say): readonly string[] {
  const names = list(said[field]).map(String);
  if (names.includes('*')) say(field, 'every header is too many: "*" may only stand before or after a part of a name');
  return names;
}

function text(said: Fields, field: string, say: Say): string {
  const value = said[field] ?? '';
  if (typeof value === 'string') return value;
  say(field, `expected a text, got ${JSON.stringify(value)}`);
  return '';
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
