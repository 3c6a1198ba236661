// Turns a route's match into the conditions that a request must meet.
import type { RouteMatch } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { formatFraction, includes, runtimeFraction } from './chance.ts';
import { cheapFirst, type Condition } from './condition.ts';
import { DecideError } from './decide-error.ts';
import { compileHeaderCondition } from './header-match.ts';
import type { PathMatch } from './path-match.ts';
import { compileQueryCondition } from './query.ts';
import { isGrpc } from './timeouts.ts';

/** All must hold. Throws DecideError. */
export function compileConditions(match: RouteMatch, pathMatch: PathMatch): readonly Condition[] {
  if (match.tlsContext) throw new DecideError('UNSUPPORTED', 'match by tls_context');
  if (match.dynamicMetadata.length > 0) throw new DecideError('UNSUPPORTED', 'match by dynamic_metadata');
  return cheapFirst([
    ...(match.pathSpecifier.case === 'connectMatcher' ? [CONNECT] : []),
    pathMatch.condition,
    ...match.headers.map(compileHeaderCondition),
    ...match.queryParameters.map(compileQueryCondition),
    ...(match.grpc ? [GRPC] : []),
    ...(match.runtimeFraction ? [fractionCondition(match.runtimeFraction)] : []),
  ]);
}

const CONNECT: Condition = {
  words: 'method CONNECT',
  costly: false,
  holds: (request) => request.method === 'CONNECT',
  seen: (request) => `is ${request.method}`,
};

const GRPC: Condition = {
  words: 'a gRPC request',
  costly: false,
  holds: isGrpc,
  seen: (request) => `has content-type ${request.headers.get('content-type') ?? 'none'}`,
};

function fractionCondition(message: NonNullable<RouteMatch['runtimeFraction']>): Condition {
  const fraction = runtimeFraction(message);
  return {
    words: `${formatFraction(fraction)} of requests`,
    costly: false,
    holds: (_request, _path, chance) => includes(fraction, chance),
    seen: (_request, _path, chance) => `rolled ${chance % fraction.denominator} of ${fraction.denominator}`,
  };
}
