// Turns a route's match into the conditions that a request must meet.
import type { RouteMatch } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { MetadataMatcher } from '@meltemi/api/envoy/type/matcher/v3/metadata_pb';
import { formatFraction, includes, runtimeFraction } from './chance.ts';
import { cheapFirst, type Condition } from './condition.ts';
import { compileHeaderCondition } from './header-match.ts';
import type { PathMatch } from './path-match.ts';
import { compileQueryCondition } from './query.ts';
import { compileMetadata } from './rbac/metadata-condition.ts';
import { isGrpc } from './timeouts.ts';

/** All must hold. Throws DecideError. */
export function compileConditions(match: RouteMatch, pathMatch: PathMatch): readonly Condition[] {
  return cheapFirst([
    ...(match.pathSpecifier.case === 'connectMatcher' ? [CONNECT] : []),
    pathMatch.condition,
    ...match.headers.map(compileHeaderCondition),
    ...match.queryParameters.map(compileQueryCondition),
    ...(match.grpc ? [GRPC] : []),
    ...(match.tlsContext ? [certificateCondition(match.tlsContext)] : []),
    ...match.dynamicMetadata.map(metadataCondition),
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

// Plaintext connections present and validate nothing.
function certificateCondition({ presented, validated }: NonNullable<RouteMatch['tlsContext']>): Condition {
  const wanted = [
    presented === undefined ? '' : `presented ${presented}`,
    validated === undefined ? '' : `validated ${validated}`,
  ];
  return {
    words: `client certificate ${wanted.filter(Boolean).join(', ')}`,
    costly: false,
    holds: ({ certificate }) =>
      (presented === undefined || presented === (certificate !== undefined)) &&
      (validated === undefined || validated === (certificate === 'validated')),
    seen: ({ certificate }) => `is ${certificate ?? 'absent'}`,
  };
}

function metadataCondition(matcher: MetadataMatcher): Condition {
  const { words, holds } = compileMetadata(matcher);
  return {
    words,
    costly: false,
    holds: ({ metadata }) => holds(metadata),
    seen: ({ metadata }) => `is ${JSON.stringify(metadata?.[matcher.filter] ?? null)}`,
  };
}

function fractionCondition(message: NonNullable<RouteMatch['runtimeFraction']>): Condition {
  const fraction = runtimeFraction(message);
  return {
    words: `${formatFraction(fraction)} of requests`,
    costly: false,
    holds: (_request, _path, chance) => includes(fraction, chance),
    seen: (_request, _path, chance) => `rolled ${chance % fraction.denominator} of ${fraction.denominator}`,
  };
}
