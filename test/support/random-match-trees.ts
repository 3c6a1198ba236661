// Makes random match trees (xds.type.matcher.v3.Matcher) over headers of requests, whose leaves are numbered.
import type { JsonObject } from '@bufbuild/protobuf';
import * as fc from 'fast-check';

/** A tree with numbers in the place of actions. */
export type MatchShape = fc.Arbitrary<Shape>;

type Follow = { readonly leaf: number } | { readonly tree: Shape };

interface Shape {
  readonly kind:
    | { readonly list: readonly { readonly predicate: JsonObject; readonly follow: Follow }[] }
    | { readonly map: 'exactMatchMap' | 'prefixMatchMap'; readonly input: JsonObject; readonly branches: Branches };
  readonly otherwise: Follow | null;
}

type Branches = readonly (readonly [key: string, Follow])[];

const input = fc.constantFrom('x', 'y', ':path', ':method', 'absent').map((headerName) => ({
  name: 'header',
  typedConfig: { '@type': 'type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput', headerName },
}));

const text = fc.constantFrom('a', 'A', 'ab', 'b', '1', '/', '/a', '/a/b', 'GET', 'a,b');

const valueMatch = fc
  .tuple(fc.constantFrom('exact', 'prefix', 'suffix', 'contains', 'safeRegex'), text, fc.boolean())
  .map(([kind, value, ignoreCase]): JsonObject =>
    kind === 'safeRegex' ? { safeRegex: { googleRe2: {}, regex: `${value}.*` } } : { [kind]: value, ignoreCase },
  );

const { predicate } = fc.letrec<{ predicate: JsonObject }>((tie) => ({
  predicate: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ input, valueMatch }).map((singlePredicate) => ({ singlePredicate })),
    fc.array(tie('predicate'), { minLength: 2, maxLength: 3 }).map((list) => ({ orMatcher: { predicate: list } })),
    fc.array(tie('predicate'), { minLength: 2, maxLength: 3 }).map((list) => ({ andMatcher: { predicate: list } })),
    tie('predicate').map((notMatcher) => ({ notMatcher })),
  ),
}));

export const matchShape: MatchShape = fc.letrec<{ shape: Shape; follow: Follow }>((tie) => ({
  follow: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.nat({ max: 5 }).map((leaf) => ({ leaf })),
    tie('shape').map((tree) => ({ tree })),
  ),
  shape: fc.record({
    kind: fc.oneof(
      fc
        .array(fc.record({ predicate, follow: tie('follow') }), { minLength: 1, maxLength: 3 })
        .map((list) => ({ list })),
      fc.record({
        map: fc.constantFrom('exactMatchMap' as const, 'prefixMatchMap' as const),
        input,
        branches: fc.uniqueArray(fc.tuple(text, tie('follow')), {
          minLength: 1,
          maxLength: 4,
          selector: ([key]) => key,
        }),
      }),
    ),
    otherwise: fc.option(tie('follow')),
  }),
})).shape;

/** `actionOf`: what a leaf of that number does, with its type. */
export function treeOf({ kind, otherwise }: Shape, actionOf: (leaf: number) => JsonObject): JsonObject {
  const onMatch = (follow: Follow): JsonObject =>
    'leaf' in follow
      ? { action: { name: 'action', typedConfig: actionOf(follow.leaf) } }
      : { matcher: treeOf(follow.tree, actionOf) };
  const rest: JsonObject = otherwise ? { onNoMatch: onMatch(otherwise) } : {};
  if ('list' in kind) {
    const matchers = kind.list.map(({ predicate, follow }) => ({ predicate, onMatch: onMatch(follow) }));
    return { matcherList: { matchers }, ...rest };
  }
  const map = Object.fromEntries(kind.branches.map(([key, follow]) => [key, onMatch(follow)]));
  return { matcherTree: { input: kind.input, [kind.map]: { map } }, ...rest };
}
