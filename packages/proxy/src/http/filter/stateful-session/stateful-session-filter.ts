// Sends the requests of a session to the host that its first one went to.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/stateful_session_filter
import { fromBinary } from '@bufbuild/protobuf';
import {
  type StatefulSession,
  StatefulSessionPerRouteSchema,
  StatefulSessionSchema,
} from '@meltemi/api/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb';
import type { Clock } from '@meltemi/base';
import type { Counter, StatsScope } from '@meltemi/telemetry';
import { FilterConfigError } from '../../http-config-error.ts';
import type { HttpFilterParts, HttpFilterType } from '../filter-type.ts';
import type { FilteredResponse, FilteredStream, FilterStep, HttpFilter, StreamFilter } from '../http-filter.ts';
import { readMessage } from '../read-message.ts';
import { sessionState } from './compile-session-state.ts';
import type { SessionState } from './session-state.ts';

export const STATEFUL_SESSION_FILTER: HttpFilterType = {
  typeName: StatefulSessionSchema.typeName,
  compile(name, config, parts) {
    const message = fromBinary(StatefulSessionSchema, config);
    return new StatefulSessionFilter(name, settingsOf(message), statsOf(message.statPrefix, parts), parts.clock);
  },
  readRouteConfig(config): RouteSession {
    const { override } = readMessage(config, StatefulSessionPerRouteSchema);
    if (override.case === 'disabled') return { settings: undefined };
    if (!override.case) throw new FilterConfigError('BAD_FILTER', 'stateful_session: a route says nothing');
    return { settings: settingsOf(override.value) };
  },
};

interface SessionSettings {
  /** Undefined: there are no sessions. */
  readonly state: SessionState | undefined;
  readonly strict: boolean;
  readonly missingStatus: number;
}

/** `undefined` settings: the filter does nothing. */
interface RouteSession {
  readonly settings: SessionSettings | undefined;
}

interface SessionStats {
  readonly scope: StatsScope;
  readonly routed: Counter;
  readonly failedOpen: Counter;
  readonly failedClosed: Counter;
  readonly noSession: Counter;
}

const MISSING = 503;

function settingsOf(config: StatefulSession): SessionSettings {
  return {
    state: config.sessionState && sessionState(config.sessionState),
    strict: config.strict,
    missingStatus: config.statusOnStrictDestinationNotFound || MISSING,
  };
}

/** Only where it has a prefix for them. */
function statsOf(prefix: string, { stats, statPrefix }: HttpFilterParts): SessionStats | undefined {
  if (prefix === '') return undefined;
  const scope = stats.scope('http', { http_conn_manager_prefix: statPrefix });
  const counter = (name: string) => scope.counter(`stateful_session.${prefix}.${name}`);
  return {
    scope,
    routed: counter('routed'),
    failedOpen: counter('failed_open'),
    failedClosed: counter('failed_closed'),
    noSession: counter('no_session'),
  };
}

class StatefulSessionFilter implements HttpFilter {
  readonly name: string;
  readonly stats: SessionStats | undefined;
  readonly #own: SessionSettings;
  readonly #clock: Clock;

  constructor(name: string, own: SessionSettings, stats: SessionStats | undefined, clock: Clock) {
    this.name = name;
    this.#own = own;
    this.stats = stats;
    this.#clock = clock;
  }

  open(stream: FilteredStream): StreamFilter | undefined {
    const ofRoute = stream.routeConfigs(this.name).find(({ config }) => config !== undefined)?.config as
      | RouteSession
      | undefined;
    if (!ofRoute) return new SessionRequest(this.#own, this.stats, this.#clock);
    // What a route says counts nothing.
    return ofRoute.settings && new SessionRequest(ofRoute.settings, undefined, this.#clock);
  }

  close(): void {
    this.stats?.scope.close();
  }
}

class SessionRequest implements StreamFilter {
  readonly #settings: SessionSettings;
  readonly #stats: SessionStats | undefined;
  readonly #clock: Clock;
  #concerned = false;
  #address: string | undefined;

  constructor(settings: SessionSettings, stats: SessionStats | undefined, clock: Clock) {
    this.#settings = settings;
    this.#stats = stats;
    this.#clock = clock;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const { state, strict, missingStatus } = this.#settings;
    if (!state?.concerns(stream.entry.path)) return 'next';
    this.#concerned = true;
    this.#address = state.read(stream.head.headers, this.#clock.now());
    if (this.#address !== undefined) stream.bindHost({ address: this.#address, strict, missingStatus });
    return 'next';
  }

  onResponse({ headers }: FilteredResponse, { entry }: FilteredStream): void {
    const { state, strict } = this.#settings;
    const host = entry.upstreamHost;
    if (!this.#concerned) {
      if (host !== undefined) this.#stats?.noSession.increment();
      return;
    }
    if (host === undefined) {
      if (strict && entry.responseFlags?.includes('UH')) this.#stats?.failedClosed.increment();
      return;
    }
    if (host === this.#address) return this.#stats?.routed.increment();
    if (!strict) this.#stats?.failedOpen.increment();
    state!.write(host, headers, this.#clock.now());
  }
}
