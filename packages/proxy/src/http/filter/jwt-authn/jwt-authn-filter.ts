// Lets requests pass that bring the tokens which are required of them, and passes on what the tokens say.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/jwt_authn_filter
import { fromBinary } from '@bufbuild/protobuf';
import {
  type JwtAuthentication,
  JwtAuthenticationSchema,
} from '@meltemi/api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import type { Logger } from '@meltemi/base';
import type { StatsScope } from '@meltemi/telemetry';
import { INTERNAL_ERROR } from '../../local-reply.ts';
import { localAnswer } from '../../own-answer.ts';
import type { StreamEntry } from '../../stream-entry.ts';
import type { HttpFilterParts, HttpFilterType } from '../filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from '../http-filter.ts';
import { AwaitedKeys } from './awaited-keys.ts';
import { JwtProvider } from './jwt-provider.ts';
import { type JwtStats, jwtStats } from './jwt-stats.ts';
import { JWT_STATUS, type JwtStatus } from './jwt-status.ts';
import { type RouteRequirement, JwtRules, readRouteRequirement } from './jwt-rules.ts';
import { providerSettings } from './provider.ts';
import { Providers } from './providers.ts';
import type { Requirement } from './requirement.ts';
import { Verification } from './verification.ts';

export const JWT_AUTHN_FILTER: HttpFilterType = {
  typeName: JwtAuthenticationSchema.typeName,
  compile: (name, config, parts) => new JwtAuthnFilter(name, fromBinary(JwtAuthenticationSchema, config), parts),
  readRouteConfig: readRouteRequirement,
};

const METADATA = 'envoy.filters.http.jwt_authn';
/** Of the path in `www-authenticate`. */
const MAX_PATH_LENGTH = 256;

class JwtAuthnFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #config: JwtAuthentication;
  readonly #scope: StatsScope;
  readonly #stats: JwtStats;
  readonly #providers: Providers;
  readonly #rules: JwtRules;
  readonly #reserved: readonly string[];
  readonly #waiting = new Map<FilteredStream, AwaitedKeys>();
  readonly #logger: Logger;
  readonly #onReady: () => void;
  #wasReady: boolean;

  constructor(name: string, config: JwtAuthentication, parts: HttpFilterParts) {
    this.name = name;
    this.#config = config;
    const settings = Object.entries(config.providers).map(([each, provider]) => providerSettings(each, provider));
    this.#scope = parts.stats.scope('http', { http_conn_manager_prefix: parts.statPrefix });
    this.#stats = jwtStats(this.#scope);
    const onFetch = (succeeded: boolean) => this.#onFetch(succeeded);
    this.#providers = new Providers(
      new Map(settings.map((each) => [each.name, new JwtProvider(each, parts, onFetch)])),
    );
    this.#reserved = this.#providers.reservedHeaders;
    this.#logger = parts.logger;
    this.#onReady = parts.onReady;
    try {
      this.#rules = new JwtRules(config, this.#providers);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#wasReady = this.ready;
  }

  /** Keys that the listener waits for came, or did not come. */
  get ready(): boolean {
    return this.#providers.all.every(({ remote }) => remote?.ready ?? true);
  }

  open(): StreamFilter {
    return this;
  }

  onRequest(stream: FilteredStream): FilterStep {
    for (const name of this.#reserved) stream.entry.headers.remove(name);
    if (this.#config.bypassCorsPreflight && isPreflight(stream.entry)) {
      this.#stats.preflightBypassed.increment();
      this.#stats.allowed.increment();
      return 'next';
    }
    const ofRoute = stream.routeConfigs(this.name)[0]?.config as RouteRequirement | undefined;
    if (ofRoute && ofRoute.name !== undefined && !this.#rules.named(ofRoute.name))
      return this.#misnamed(ofRoute.name, stream);
    const requirement = ofRoute ? ofRoute.name && this.#rules.named(ofRoute.name) : this.#rules.find(stream.entry);
    if (!requirement) {
      this.#stats.allowed.increment();
      return 'next';
    }
    const awaited = AwaitedKeys.neededBy(requirement, stream.entry);
    if (!awaited) return this.#judge(requirement, stream);
    this.#waiting.set(stream, awaited);
    awaited.begin(() => this.#onKeys(requirement, stream));
    return 'wait';
  }

  onFinish(stream: FilteredStream): void {
    this.#waiting.get(stream)?.cancel();
    this.#waiting.delete(stream);
  }

  close(): void {
    for (const provider of this.#providers.all) provider.close();
    this.#scope.close();
  }

  #onKeys(requirement: Requirement, stream: FilteredStream): void {
    this.#waiting.delete(stream);
    try {
      if (this.#judge(requirement, stream) === 'next') stream.resumeRequest(this);
    } catch (error) {
      this.#logger.warn(`jwt_authn: a token could not be judged: ${String(error)}`);
      stream.answer(localAnswer(INTERNAL_ERROR));
    }
  }

  #judge(requirement: Requirement, stream: FilteredStream): FilterStep {
    const { entry } = stream;
    const { path } = entry;
    const realm = realmOf(entry);
    const verification = new Verification(entry, this.#providers, this.#stats);
    const status = requirement.verify(verification);
    if (verification.metadata) entry.addMetadata(METADATA, verification.metadata);
    if (status !== JWT_STATUS.ok) return this.#refuse(status, realm, stream);
    // A decision says which path the upstream gets: without a token that stood in it.
    if (verification.clearsRoute || entry.path !== path) stream.clearDecision();
    this.#stats.allowed.increment();
    return 'next';
  }

  #refuse(status: JwtStatus, realm: string, stream: FilteredStream): FilterStep {
    this.#stats.denied.increment();
    const isBare = this.#config.stripFailureResponse;
    const answer = localAnswer({
      status: status === JWT_STATUS.audienceNotAllowed ? 403 : 401,
      body: isBare ? '' : status.message,
      flag: '',
      details: detailsOf(status.message),
    });
    const error = status === JWT_STATUS.missed ? '' : ', error="invalid_token"';
    if (!isBare) answer.headers.append('www-authenticate', `Bearer realm="${realm}"${error}`);
    stream.answer(answer);
    return 'answered';
  }

  #misnamed(name: string, stream: FilteredStream): FilterStep {
    this.#stats.denied.increment();
    const why = `Wrong requirement_name: ${name}. It should be one of [${this.#rules.names.join(',')}]`;
    const body = this.#config.stripFailureResponse ? '' : `Failed JWT authentication: ${why}`;
    stream.answer(localAnswer({ status: 403, body, flag: '', details: detailsOf(why) }));
    return 'answered';
  }

  #onFetch(succeeded: boolean): void {
    (succeeded ? this.#stats.fetchSucceeded : this.#stats.fetchFailed).increment();
    if (this.#wasReady || !this.ready) return;
    this.#wasReady = true;
    this.#onReady();
  }
}

function isPreflight({ method, headers }: StreamEntry): boolean {
  return (
    method === 'OPTIONS' &&
    (headers.get('origin') ?? '') !== '' &&
    (headers.get('access-control-request-method') ?? '') !== ''
  );
}

/** What the client asked for, as it stands before tokens are taken out of it. */
function realmOf({ scheme, authority, path, headers }: StreamEntry): string {
  return `${scheme}://${authority}${(headers.get('x-envoy-original-path') ?? path).slice(0, MAX_PATH_LENGTH)}`;
}

/** Without white space, which would break log lines apart. */
function detailsOf(message: string): string {
  return `jwt_authn_access_denied{${message.replaceAll(/\s/g, '_')}}`;
}
