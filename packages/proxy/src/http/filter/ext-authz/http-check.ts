// Asks an authorization server by plain HTTP: the request's own head, perhaps with its body.
import { create, type JsonObject } from '@bufbuild/protobuf';
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  HeaderValueOptionSchema,
} from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { HttpService } from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import { durationToMs } from '@meltemi/base';
import { applyHeaderChanges, compileHeaderChanges } from '@meltemi/decide';
import { Headers } from '@meltemi/wire';
import { callHttp, type HttpCallResult } from '../../../call/http-call.ts';
import { FilterConfigError } from '../../http-config-error.ts';
import type { AuthzQuestion, AuthzServer } from './authz-server.ts';
import { type AuthzVerdict, FAILED, type HeaderEdit } from './authz-verdict.ts';
import { type NameTest, nameTest } from './header-names.ts';
import { joinedHeaders, PARTIAL_BODY, shownHeaders, utf8Text } from './shown-headers.ts';

const TIMEOUT_MS = 200;
const MAX_RESPONSE_BYTES = 4 << 20;
const HEADERS_TO_REMOVE = 'x-envoy-auth-headers-to-remove';

/** The call has a body of its own, or none. */
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection', 'expect']);

interface PassedHeaders {
  readonly toUpstream: NameTest;
  readonly addedToUpstream: NameTest;
  readonly toClient: NameTest;
  readonly toClientOnSuccess: NameTest;
  readonly toMetadata: NameTest;
}

/** Throws FilterConfigError or DecideError. */
export function httpServer(service: HttpService): AuthzServer {
  const { serverUri, pathPrefix, authorizationRequest } = service;
  const cluster = serverUri?.httpUpstreamType.value ?? '';
  if (!serverUri || cluster === '') throw bad('http_service has no server_uri with a cluster');
  if (pathPrefix !== '' && !pathPrefix.startsWith('/')) throw bad('path_prefix does not begin with a slash');
  const [unknown] = service.$unknown ?? [];
  if (unknown) throw bad(`field ${unknown.no} of http_service is not supported`);
  const timeoutMs = serverUri.timeout ? durationToMs(serverUri.timeout) : TIMEOUT_MS;
  const added = compileHeaderChanges(
    (authorizationRequest?.headersToAdd ?? []).map((header) =>
      create(HeaderValueOptionSchema, { header, appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD }),
    ),
    [],
  );
  const passed = passedHeaders(service);
  return {
    ask(question, { clusters, clock }, done) {
      const { entry, body } = question;
      const startedMs = clock.monotonic();
      const headers = requestHeaders(question);
      applyHeaderChanges(added, headers, entry);
      const call = { cluster, method: entry.method, target: pathPrefix + entry.path, headers, timeoutMs };
      const more = { maxResponseBytes: MAX_RESPONSE_BYTES, ...(body ? { body: body.bytes } : {}) };
      return callHttp(clusters, { ...call, ...more }, clock, (result) =>
        done(verdictOf(result, passed, clock.monotonic() - startedMs)),
      );
    },
  };
}

function passedHeaders({ authorizationResponse: response }: HttpService): PassedHeaders {
  const toClient = response?.allowedClientHeaders;
  const always = ['content-length', 'www-authenticate', 'location'];
  return {
    toUpstream: nameTest(response?.allowedUpstreamHeaders),
    addedToUpstream: nameTest(response?.allowedUpstreamHeadersToAppend),
    toClient: (toClient?.patterns.length ?? 0) === 0 ? (name) => name !== 'host' : nameTest(toClient, always),
    toClientOnSuccess: nameTest(response?.allowedClientHeadersOnSuccess),
    toMetadata: nameTest(response?.dynamicMetadataFromHeaders),
  };
}

function requestHeaders({ entry, settings, body }: AuthzQuestion): Headers {
  const { config, showsHeader } = settings;
  const headers = new Headers();
  const shown = shownHeaders(entry, showsHeader);
  headers.append('host', entry.authority);
  for (const [name, value] of config.encodeRawHeaders ? shown : joinedHeaders(shown)) {
    if (!name.startsWith(':') && !FRAMING.has(name)) {
      headers.append(name, config.encodeRawHeaders ? value : Buffer.from(utf8Text(value)).toString('latin1'));
    }
  }
  if (body && showsHeader(PARTIAL_BODY)) headers.append(PARTIAL_BODY, String(body.isPartial));
  return headers;
}

/** A refusal says how long the server took, as any response that passes through here. */
function verdictOf(result: HttpCallResult, passed: PassedHeaders, elapsedMs: number): AuthzVerdict {
  if (result.kind === 'failed' || result.status >= 500) return FAILED;
  const fields = [...result.headers.entries()].filter(([name]) => name !== HEADERS_TO_REMOVE);
  const metadata = metadataOf(fields, passed);
  if (result.status !== 200) {
    const took: [string, string] = ['x-envoy-upstream-service-time', String(Math.round(elapsedMs))];
    const headers = [...fields, took].filter(([name]) => passed.toClient(name));
    return { kind: 'denied', status: result.status, body: result.body.toString('latin1'), headers, metadata };
  }
  return {
    kind: 'allowed',
    request: [...edits(fields, 'set', passed.toUpstream), ...edits(fields, 'add', passed.addedToUpstream)],
    removedHeaders: result.headers.getAll(HEADERS_TO_REMOVE).flatMap(commaList),
    setParameters: [],
    removedParameters: [],
    response: edits(fields, 'add', passed.toClientOnSuccess),
    metadata,
  };
}

function edits(fields: readonly [string, string][], kind: HeaderEdit['kind'], passes: NameTest): readonly HeaderEdit[] {
  return fields.filter(([name]) => passes(name)).map(([name, value]) => ({ name, value, kind }));
}

function metadataOf(fields: readonly [string, string][], { toMetadata }: PassedHeaders): JsonObject | undefined {
  const given = fields.filter(([name]) => toMetadata(name));
  return given.length === 0 ? undefined : Object.fromEntries(given.map(([name, value]) => [name, utf8Text(value)]));
}

function commaList(text: string): readonly string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function bad(what: string): FilterConfigError {
  return new FilterConfigError('BAD_FILTER', `ext_authz: ${what}`);
}
