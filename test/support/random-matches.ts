// Makes random matches of routes and faults: paths, headers and queries, few values of each so that they often meet.
import type { JsonObject } from '@bufbuild/protobuf';
import * as fc from 'fast-check';

/** Random protobuf's JSON. */
export type Part = fc.Arbitrary<JsonObject>;

/** Paths without query, of routes and requests alike. */
export const barePath = fc.constantFrom('/', '/a', '/a/', '/a/b', '/A/b', '/ab', '/a/b/c', '/b');

const stringMatch: Part = fc
  .tuple(
    fc.constantFrom('exact', 'prefix', 'suffix', 'contains', 'safeRegex'),
    fc.constantFrom('a', 'A', 'ab', '1', 'b'),
    fc.boolean(),
  )
  .map(([kind, value, ignoreCase]): JsonObject =>
    kind === 'safeRegex' ? { safeRegex: { regex: `${value}.*|x` } } : { [kind]: value, ignoreCase },
  );

export const headerMatch: Part = fc
  .tuple(
    fc.constantFrom('x', 'y', ':method', ':path'),
    fc.oneof(
      fc.record({ stringMatch }),
      fc.record({ presentMatch: fc.boolean() }),
      fc.constant({ rangeMatch: { start: '-1', end: '10' } }),
      fc.record({ exactMatch: fc.constantFrom('a', '1') }),
      fc.constant({}),
    ),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([name, kind, invertMatch, treatMissingHeaderAsEmpty]) => ({
    name,
    ...kind,
    invertMatch,
    treatMissingHeaderAsEmpty,
  }));

const queryMatch: Part = fc
  .tuple(fc.constantFrom('x', 'y'), fc.oneof(fc.record({ stringMatch }), fc.record({ presentMatch: fc.boolean() })))
  .map(([name, kind]) => ({ name, ...kind }));

const pathMatch: Part = fc.oneof(
  fc.record({ prefix: barePath, caseSensitive: fc.boolean() }),
  fc.record({ path: barePath, caseSensitive: fc.boolean() }),
  fc.record({ pathSeparatedPrefix: fc.constantFrom('/a', '/a/b', '/b'), caseSensitive: fc.boolean() }),
  fc.constantFrom('/a.*', '/[ab]', '/a/(b|c)/?.*').map((regex) => ({ safeRegex: { regex } })),
);

const others: Part = fc.constantFrom<JsonObject>(
  {},
  {},
  {},
  {},
  { grpc: {} },
  { runtimeFraction: { defaultValue: { numerator: 0 } } },
  { runtimeFraction: { defaultValue: { numerator: 1_000_000, denominator: 'MILLION' }, runtimeKey: 'not.there' } },
  { tlsContext: { presented: false } },
  { tlsContext: { validated: true } },
);

/** What a RouteMatch asks besides the path. */
const rest: Part = fc
  .tuple(fc.array(headerMatch, { maxLength: 2 }), fc.array(queryMatch, { maxLength: 1 }), others)
  .map(([headers, queryParameters, other]) => ({ ...other, headers, queryParameters }));

/** A RouteMatch. */
export const match: Part = fc.tuple(pathMatch, rest).map(([path, more]) => ({ ...path, ...more }));

const POLICY = 'type.googleapis.com/envoy.extensions.path';

export interface Templated {
  readonly match: JsonObject;
  readonly rewrite: JsonObject;
}

/** A RouteMatch by a path template, and a rewrite by its variables. */
export const templated: fc.Arbitrary<Templated> = fc
  .tuple(
    fc.constantFrom(
      ['/{v}', '/new/{v}'],
      ['/{v}/{w}', '/{w}/{v}'],
      ['/a/{v=**}', '/{v}/end'],
      ['/{v=a/*}/c', '/{v}'],
      ['/{v=*}b', '/{v}'],
      ['/**', '/all'],
      ['/*/b', '/'],
    ),
    rest,
    fc.boolean(),
  )
  .map(([[pathTemplate = '', pathTemplateRewrite = ''], more, rewrites]): Templated => ({
    match: {
      ...more,
      pathMatchPolicy: {
        name: 'envoy.path.match.uri_template.uri_template_matcher',
        typedConfig: { '@type': `${POLICY}.match.uri_template.v3.UriTemplateMatchConfig`, pathTemplate },
      },
    },
    rewrite: rewrites
      ? {
          pathRewritePolicy: {
            name: 'envoy.path.rewrite.uri_template.uri_template_rewriter',
            typedConfig: { '@type': `${POLICY}.rewrite.uri_template.v3.UriTemplateRewriteConfig`, pathTemplateRewrite },
          },
        }
      : {},
  }));
