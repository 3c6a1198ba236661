// What all requests of an ext_authz filter share: its settings, the server that is asked, the counters.
import type { ExtAuthz } from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import type { StatsScope } from '@meltemi/telemetry';
import { FilterConfigError } from '../../http-config-error.ts';
import { localAnswer } from '../../own-answer.ts';
import type { HttpFilterParts } from '../filter-type.ts';
import type { FilteredStream } from '../http-filter.ts';
import type { AuthzServer } from './authz-server.ts';
import { type AuthzSettings, authzSettings } from './authz-settings.ts';
import { type AuthzStats, authzStats } from './authz-stats.ts';
import { grpcServer } from './grpc-check.ts';
import { httpServer } from './http-check.ts';

export class AuthzGate {
  /** Of the filter: routes configure it under this name. */
  readonly name: string;
  readonly settings: AuthzSettings;
  readonly server: AuthzServer;
  readonly stats: AuthzStats;
  readonly parts: HttpFilterParts;
  readonly #scope: StatsScope;

  /** Throws FilterConfigError, CallConfigError or DecideError. */
  constructor(name: string, config: ExtAuthz, parts: HttpFilterParts) {
    this.name = name;
    this.parts = parts;
    this.settings = authzSettings(config, parts.node);
    this.server = serverOf(config);
    this.#scope = parts.stats.scope('http', { http_conn_manager_prefix: parts.statPrefix });
    this.stats = authzStats(this.#scope, config.statPrefix);
  }

  close(): void {
    this.#scope.close();
  }

  /** Whether chance and metadata want this request checked. */
  isEnabled({ entry }: FilteredStream): boolean {
    const { enabledPart, enabledBy } = this.settings;
    if (enabledBy && !enabledBy.holds(entry.metadata)) return false;
    return enabledPart >= 1 || this.parts.dice.roll() < enabledPart;
  }

  refuse(stream: FilteredStream, status: number, details: string): void {
    stream.answer(localAnswer({ status, body: '', flag: 'UAEX', details }));
  }
}

function serverOf({ services }: ExtAuthz): AuthzServer {
  if (services.case === 'grpcService') return grpcServer(services.value);
  if (services.case === 'httpService') return httpServer(services.value);
  throw new FilterConfigError('BAD_FILTER', 'ext_authz: it has neither grpc_service nor http_service');
}
