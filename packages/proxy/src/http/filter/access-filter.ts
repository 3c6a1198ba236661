// Lets requests in or refuses them by the access rules of the listener, or those of the route.
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { RBACPerRouteSchema, RBACSchema } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import type { Logger } from '@meltemi/base';
import { type AccessFilter as AccessRules, compileHttpAccess } from '@meltemi/decide';
import type { StatsScope } from '@meltemi/telemetry';
import { AccessGate } from '../../access/access-gate.ts';
import { ACCESS_DENIED } from '../local-reply.ts';
import { localAnswer } from '../own-answer.ts';
import type { HttpFilterType } from './filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';
import { readMessage } from './read-message.ts';

export const ACCESS_FILTER: HttpFilterType = {
  typeName: RBACSchema.typeName,
  compile(name, config, { stats, statPrefix, logger }) {
    const scope = stats.scope('http', { http_conn_manager_prefix: statPrefix });
    return new AccessFilter(name, compileHttpAccess(fromBinary(RBACSchema, config)), scope, logger);
  },
  readRouteConfig,
};

/** Rules of a route; `undefined` rules let all in. */
interface RouteRules {
  readonly rules: AccessRules | undefined;
}

function readRouteConfig(config: Any): RouteRules {
  const message = readMessage(config, RBACPerRouteSchema);
  return { rules: message.rbac && compileHttpAccess(message.rbac) };
}

class AccessFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #gate: AccessGate;
  readonly #scope: StatsScope;
  readonly #logger: Logger;
  readonly #routeGates = new WeakMap<AccessRules, AccessGate>();

  constructor(name: string, rules: AccessRules, scope: StatsScope, logger: Logger) {
    this.name = name;
    this.#scope = scope;
    this.#logger = logger;
    this.#gate = this.#gateOf(rules);
  }

  open(): StreamFilter {
    return this;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const gate = this.#gateFor(stream);
    const denial = gate?.deny(stream.entry);
    if (!denial) return 'next';
    stream.answer(localAnswer({ ...ACCESS_DENIED, ...denial }));
    return 'answered';
  }

  close(): void {
    this.#scope.close();
  }

  #gateFor(stream: FilteredStream): AccessGate | undefined {
    const ofRoute = stream.routeConfigs(this.name)[0]?.config as RouteRules | undefined;
    if (!ofRoute) return this.#gate;
    if (!ofRoute.rules) return undefined;
    const known = this.#routeGates.get(ofRoute.rules);
    if (known) return known;
    const gate = this.#gateOf(ofRoute.rules);
    this.#routeGates.set(ofRoute.rules, gate);
    return gate;
  }

  #gateOf(rules: AccessRules): AccessGate {
    return new AccessGate([rules], () => this.#scope, this.#logger);
  }
}
