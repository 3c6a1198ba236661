// YAML text → the objects in it, each able to say where any of its fields is written.
import type { Problem, Source } from '@meltemi/base';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
} from 'yaml';

import { CODE } from './problem-code.ts';
import type { Path } from './schema.ts';

/** One object as plain data. */
export interface LocatedDocument {
  readonly value: unknown;
  readonly source: Source;
  /** Where the value at a path begins; a path that is not there leads to its nearest parent. */
  locate(path: Path): Source;
  /** Where the key of a field begins. */
  locateKey(path: Path): Source;
}

export interface ParsedText {
  readonly documents: readonly LocatedDocument[];
  readonly problems: readonly Problem[];
}

/** Reads all documents of a text and the items of Lists. A document that can't be read is a problem; the others stay. */
export function parseDocuments(text: string, file: string): ParsedText {
  const lines = new LineCounter();
  const place = (offset: number): Source => sourceAt(file, lines, Math.min(offset, text.length));
  const problems: Problem[] = [];
  const documents: LocatedDocument[] = [];
  for (const document of readAll(text, lines)) {
    const read = readDocument(document, place);
    problems.push(...read.problems);
    for (const object of read.documents) documents.push(...flattenList(object));
  }
  return { documents, problems };
}

/** The options by which texts are read, here and where they are edited. */
export const YAML_OPTIONS = { merge: true, prettyErrors: false, logLevel: 'error' } as const;

function readAll(text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  const all = parseAllDocuments(text, { ...YAML_OPTIONS, lineCounter });
  return Array.isArray(all) ? all : [];
}

function readDocument(document: Document.Parsed, place: (offset: number) => Source): ParsedText {
  const syntax = document.errors.map((error) => syntaxProblem(error.message, place(error.pos[0])));
  if (syntax.length > 0 || document.contents === null) return { documents: [], problems: syntax };
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null) return { documents: [], problems: [] };
    return { documents: [locatedDocument(document, value, place)], problems: [] };
  } catch (error) {
    // An alias without its anchor, or aliases that unfold to more than is sane.
    const reason = error instanceof Error ? error.message : String(error);
    return { documents: [], problems: [syntaxProblem(reason, place(startOf(document.contents)))] };
  }
}

function locatedDocument(
  document: Document.Parsed,
  value: unknown,
  place: (offset: number) => Source,
): LocatedDocument {
  return {
    value,
    source: place(startOf(document.contents)),
    locate: (path) => place(find(document, path).value),
    locateKey: (path) => place(find(document, path).key),
  };
}

/** A `List` of Kubernetes stands for its items. */
function flattenList(document: LocatedDocument): LocatedDocument[] {
  const { value } = document;
  if (!isRecord(value) || typeof value['kind'] !== 'string' || !value['kind'].endsWith('List')) return [document];
  const items = value['items'];
  if (!Array.isArray(items)) return [document];
  return items.map((item: unknown, index): LocatedDocument => {
    const base: Path = ['items', index];
    return {
      value: item,
      source: document.locate(base),
      locate: (path) => document.locate([...base, ...path]),
      locateKey: (path) => document.locateKey([...base, ...path]),
    };
  });
}

/** The offsets of a field's key and value, as deep as the path can be followed. */
function find(document: Document.Parsed, path: Path): { readonly key: number; readonly value: number } {
  let node: Node | null = document.contents;
  let key = startOf(node);
  let value = key;
  for (const step of path) {
    const resolved: Node | undefined = isAlias(node) ? node.resolve(document) : (node ?? undefined);
    const next = stepInto(resolved, step);
    if (!next) break;
    [key, value, node] = [next.key, next.value, next.node];
  }
  return { key, value };
}

function stepInto(
  node: Node | undefined,
  step: string | number,
): { readonly key: number; readonly value: number; readonly node: Node | null } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | undefined;
    return item && { key: startOf(item), value: startOf(item), node: item };
  }
  if (!isMap(node)) return undefined;
  const pair = (node.items as Pair<Node, Node | null>[]).find(
    ({ key }) => isScalar(key) && isNamed(String(key.value), String(step)),
  );
  if (!pair) return undefined;
  const key = startOf(pair.key);
  return { key, value: pair.value?.range ? startOf(pair.value) : key, node: pair.value };
}

/** Fields are found by both of their names in protobuf's JSON. */
function isNamed(written: string, name: string): boolean {
  return written === name || written.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) === name;
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

function sourceAt(file: string, lines: LineCounter, offset: number): Source {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}

function syntaxProblem(message: string, source: Source): Problem {
  return { severity: 'error', code: CODE.syntax, message: message.replaceAll(/\s+/g, ' ').trim(), source };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
