// A route that leads to another rule, and a route of that rule → the route that both say together; undefined where they cannot both hold.
import type { HttpMatch, HttpRoute } from '@meltemi/config';
import { areExclusive } from './exclusive-texts.ts';

/** What the leaf does not say, the root says for it. */
export function joinedRoute(root: HttpRoute, leaf: HttpRoute): HttpRoute | undefined {
  const match = joinedMatches(root.match ?? [], leaf.match ?? []);
  if (!match) return undefined;
  const { delegate: _, match: __, name: ___, ...inherited } = root;
  return { ...inherited, ...leaf, match, ...joinedName(root.name, leaf.name) };
}

function joinedName(root: string | undefined, leaf: string | undefined): { readonly name?: string } {
  const name = [root, leaf].filter(Boolean).join('-');
  return name === '' ? {} : { name };
}

/** Each match of the leaf has to fit one of the root's, or nothing of the leaf holds. */
function joinedMatches(root: readonly HttpMatch[], leaf: readonly HttpMatch[]): readonly HttpMatch[] | undefined {
  if (root.length === 0) return leaf;
  if (leaf.length === 0) return root;
  const all = leaf.map((own) => root.filter((outer) => !conflict(outer, own)).map((outer) => joinedMatch(outer, own)));
  return all.every((some) => some.length > 0) ? all.flat() : undefined;
}

function joinedMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  const both = <Value>(key: 'headers' | 'withoutHeaders' | 'queryParams' | 'sourceLabels') => {
    const joined = { ...root[key], ...leaf[key] } as Readonly<Record<string, Value>>;
    return Object.keys(joined).length > 0 ? { [key]: joined } : {};
  };
  return {
    ...root,
    ...leaf,
    ...both('headers'),
    ...both('withoutHeaders'),
    ...both('queryParams'),
    ...both('sourceLabels'),
    ...joinedName(root.name, leaf.name),
  };
}

function conflict(root: HttpMatch, leaf: HttpMatch): boolean {
  const { sourceNamespace, gateways = [] } = root;
  return (
    (['uri', 'scheme', 'method', 'authority'] as const).some((key) => areExclusive(root[key], leaf[key])) ||
    (['headers', 'withoutHeaders', 'queryParams'] as const).some((key) =>
      Object.entries(leaf[key] ?? {}).some(([name, text]) => areExclusive(root[key]?.[name], text)),
    ) ||
    (root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false) ||
    (root.port !== undefined && leaf.port !== undefined && root.port !== leaf.port) ||
    (sourceNamespace !== undefined && leaf.sourceNamespace !== sourceNamespace) ||
    Object.entries(leaf.sourceLabels ?? {}).some(([name, value]) => (root.sourceLabels?.[name] ?? value) !== value) ||
    (gateways.length > 0 && (leaf.gateways ?? []).some((gateway) => !gateways.includes(gateway)))
  );
}
