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

/** A RouteMatch. */
export const match: Part = fc
  .tuple(pathMatch, fc.array(headerMatch, { maxLength: 2 }), fc.array(queryMatch, { maxLength: 1 }))
  .map(([path, headers, queryParameters]) => ({ ...path, headers, queryParameters }));
