// A parsed document of YAML → where its fields are written, in numbers alone: the tree itself is far larger than its text.
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { Path } from './schema.ts';

/** Offsets into the text. */
export interface Place {
  readonly key: number;
  readonly value: number;
}

/** Of a node: where its key begins and ends (an item of a list has none), where its value begins, and the node after its last descendant. */
const KEY = 0;
const KEY_END = 1;
const VALUE = 2;
const NEXT = 3;
const WIDTH = 4;
const NO_KEY = -1;

/** The nodes of a document in the order of the text, each before what is in it. */
export class Places {
  readonly #text: string;
  readonly #numbers: Int32Array;
  /** Keys that are not written as they are meant, and nodes that stand for others, by number of their node. Few have any. */
  readonly #keys: ReadonlyMap<number, string> | undefined;
  readonly #aliases: ReadonlyMap<number, number> | undefined;

  constructor(document: Document.Parsed, text: string) {
    const recorded = recordedNodes(document, text);
    this.#text = text;
    this.#numbers = Int32Array.from(recorded.numbers);
    this.#keys = recorded.keys.size > 0 ? recorded.keys : undefined;
    this.#aliases = recorded.aliases.size > 0 ? recorded.aliases : undefined;
  }

  /** As deep as the path can be followed. */
  find(path: Path): Place {
    let node = 0;
    for (const step of path) {
      const next = this.#step(this.#aliases?.get(node) ?? node, step);
      if (next === undefined) break;
      node = next;
    }
    const value = this.#numbers[node * WIDTH + VALUE]!;
    const key = this.#numbers[node * WIDTH + KEY]!;
    return { key: key === NO_KEY ? value : key, value };
  }

  #step(parent: number, step: string | number): number | undefined {
    const end = this.#numbers[parent * WIDTH + NEXT]!;
    let index = 0;
    for (let node = parent + 1; node < end; node = this.#numbers[node * WIDTH + NEXT]!, index++) {
      if (this.#isAt(node, index, step)) return node;
    }
    return undefined;
  }

  #isAt(node: number, index: number, step: string | number): boolean {
    const key = this.#numbers[node * WIDTH + KEY]!;
    if (key === NO_KEY) return index === Number(step);
    const written = this.#keys?.get(node) ?? this.#text.slice(key, this.#numbers[node * WIDTH + KEY_END]);
    return isNamed(written, String(step));
  }
}

interface RecordedNodes {
  readonly numbers: number[];
  readonly keys: Map<number, string>;
  readonly aliases: Map<number, number>;
}

function recordedNodes(document: Document.Parsed, text: string): RecordedNodes {
  const recorded: RecordedNodes = { numbers: [], keys: new Map(), aliases: new Map() };
  const { numbers, keys, aliases } = recorded;
  /** By name, the last that came. */
  const anchors = new Map<string, number>();
  const visit = (node: Node | null, key: Node | undefined): void => {
    const number = numbers.length / WIDTH;
    const [start, end] = key?.range ?? [NO_KEY, NO_KEY];
    numbers.push(start, end, node?.range ? startOf(node) : Math.max(start, 0), 0);
    if (isScalar(key) && text.slice(start, end) !== String(key.value)) keys.set(number, String(key.value));
    const target = isAlias(node) ? anchors.get(node.source) : undefined;
    if (target !== undefined) aliases.set(number, target);
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor) anchors.set(node.anchor, number);
    if (isSeq(node)) for (const item of node.items as Node[]) visit(item, undefined);
    else if (isMap(node)) for (const pair of scalarPairs(node.items as Pair<Node, Node | null>[])) visit(...pair);
    numbers[number * WIDTH + NEXT] = numbers.length / WIDTH;
  };
  visit(document.contents, undefined);
  return recorded;
}

function scalarPairs(pairs: readonly Pair<Node, Node | null>[]): readonly [Node | null, Node][] {
  return pairs.flatMap(({ key, value }) => (isScalar(key) ? [[value, key]] : []));
}

/** Fields are found by both of their names in protobuf's JSON. */
function isNamed(written: string, name: string): boolean {
  return written === name || written.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) === name;
}

/** Of a node; 0 for none. */
export function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}
