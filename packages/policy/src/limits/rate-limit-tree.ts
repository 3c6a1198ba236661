// Limits by descriptors: each step of a descriptor narrows down which limit holds.

/** So many requests in each span of time. */
export interface RateLimit {
  readonly requests: number;
  readonly lengthMs: number;
  /** As statistics and answers call it; empty: none. */
  readonly name: string;
  /** Counted, but never refused. */
  readonly shadow: boolean;
}

export interface LimitNode {
  /** Undefined: there is none for descriptors that end here. */
  readonly limit: RateLimit | 'unlimited' | undefined;
  /** Next steps: exact `key_value`, then values by their beginning, then any value of a key. */
  readonly exact: ReadonlyMap<string, LimitNode>;
  readonly prefixes: readonly { readonly key: string; readonly prefix: string; readonly node: LimitNode }[];
  readonly any: ReadonlyMap<string, LimitNode>;
}

export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

/** By domain. */
export type LimitTrees = ReadonlyMap<string, LimitNode>;

export const NO_LIMITS: LimitNode = { limit: undefined, exact: new Map(), prefixes: [], any: new Map() };

export function exactKey({ key, value }: DescriptorEntry): string {
  return `${key}\0${value}`;
}

/** The limit of a whole descriptor: one that only its beginning has does not hold for it. */
export function limitFor(tree: LimitNode, entries: readonly DescriptorEntry[]): LimitNode['limit'] {
  let node: LimitNode | undefined = tree;
  for (const entry of entries) {
    node = node && step(node, entry);
    if (!node) return undefined;
  }
  return entries.length === 0 ? undefined : node?.limit;
}

function step({ exact, prefixes, any }: LimitNode, entry: DescriptorEntry): LimitNode | undefined {
  const begun = () => prefixes.find(({ key, prefix }) => key === entry.key && entry.value.startsWith(prefix))?.node;
  return exact.get(exactKey(entry)) ?? begun() ?? any.get(entry.key);
}
