// Lets requests in or refuses them by the access rules of the listener, or those of the route.
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { RBACPerRouteSchema, RBACSchema } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import type { Logger } from '@meltemi/base';
import { type AccessFilter as AccessRules, compileHttpAccess } from '@meltemi/decide';
import type { StatsScope } from '@meltemi/telemetry';
import { AccessGate } from '../../access/access-gate.ts';
import { DenialViewers } from '../../access/denial-viewers.ts';
import { ACCESS_DENIED } from '../local-reply.ts';
import { localAnswer } from '../own-answer.ts';
import type { HttpFilterType } from './filter-type.ts';
import type { FilteredStream, FilterStep, HttpFilter, StreamFilter } from './http-filter.ts';
import { readMessage } from './read-message.ts';

export const ACCESS_FILTER: HttpFilterType = {
  typeName: RBACSchema.typeName,
  compile(name, config, { stats, statPrefix, logger, node }) {
    const scope = stats.scope('http', { http_conn_manager_prefix: statPrefix });
    const rules = compileHttpAccess(fromBinary(RBACSchema, config));
    return new AccessFilter(name, rules, { scope, logger, viewers: new DenialViewers(node) });
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

interface AccessParts {
  readonly scope: StatsScope;
  readonly logger: Logger;
  readonly viewers: DenialViewers;
}

class AccessFilter implements HttpFilter, StreamFilter {
  readonly name: string;
  readonly #gate: AccessGate;
  readonly #parts: AccessParts;
  readonly #routeGates = new WeakMap<AccessRules, AccessGate>();

  constructor(name: string, rules: AccessRules, parts: AccessParts) {
    this.name = name;
    this.#parts = parts;
    this.#gate = this.#gateOf(rules);
  }

  open(): StreamFilter {
    return this;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const gate = this.#gateFor(stream);
    const denial = gate?.deny(stream.entry);
    if (!denial) return 'next';
    const { details, because } = denial;
    const answer = localAnswer({ ...ACCESS_DENIED, details });
    const { connection, request } = stream.entry;
    if (request) this.#parts.viewers.tell(answer.headers, because, connection, request);
    stream.answer(answer);
    return 'answered';
  }

  close(): void {
    this.#parts.scope.close();
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
    return new AccessGate([rules], () => this.#parts.scope, this.#parts.logger);
  }
}
