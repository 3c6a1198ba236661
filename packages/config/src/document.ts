// YAML text → the objects in it, each able to say where any of its fields is written.
import type { Problem, Source } from '@meltemi/base';
import { type Document, LineCounter, parseAllDocuments } from 'yaml';

import { Places, startOf } from './places.ts';
import { CODE } from './problem-code.ts';
import type { Path } from './schema.ts';

/** One object as plain data. */
export interface LocatedDocument {
  readonly value: unknown;
  readonly source: Source;
  /** Where the value at a path begins; a path that is not there leads to its nearest parent. */
  readonly locate: (path: Path) => Source;
  /** Where the key of a field begins. */
  readonly locateKey: (path: Path) => Source;
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
  for (const { document, text: own, start } of readAll(text, lines)) {
    const read = readDocument(document, own, (offset) => place(start + offset));
    problems.push(...read.problems);
    for (const object of read.documents) documents.push(...flattenList(object));
  }
  return { documents, problems };
}

/** The options by which texts are read, here and where they are edited. */
export const YAML_OPTIONS = { merge: true, prettyErrors: false, logLevel: 'error' } as const;

/** A document, the text that it was read from, and where that begins in the file. */
interface Piece {
  readonly document: Document.Parsed;
  readonly text: string;
  readonly start: number;
}

/** Where a quote or bracket is left open, the line that begins the next document closes it. */
function readAll(text: string, lineCounter: LineCounter): readonly Piece[] {
  const whole = parsed(text, lineCounter).map((document) => ({ document, text, start: 0 }));
  if (whole.every(({ document }) => document.errors.length === 0)) return whole;
  const starts = [0, ...Array.from(text.matchAll(/^---(?=\s|$)/gm), ({ index }) => index).filter((index) => index > 0)];
  return starts.flatMap((start, index) => {
    const own = text.slice(start, starts[index + 1]);
    return parsed(own).map((document) => ({ document, text: own, start }));
  });
}

function parsed(text: string, lineCounter?: LineCounter): readonly Document.Parsed[] {
  const all = parseAllDocuments(text, { ...YAML_OPTIONS, ...(lineCounter && { lineCounter }) });
  return Array.isArray(all) ? all : [];
}

function readDocument(document: Document.Parsed, text: string, place: (offset: number) => Source): ParsedText {
  const syntax = document.errors.map((error) => syntaxProblem(error.message, place(error.pos[0])));
  if (syntax.length > 0 || document.contents === null) return { documents: [], problems: syntax };
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null) return { documents: [], problems: [] };
    const source = place(startOf(document.contents));
    return { documents: [locatedDocument(value, source, new Places(document, text), place)], problems: [] };
  } catch (error) {
    // An alias without its anchor, or aliases that unfold to more than is sane.
    const reason = error instanceof Error ? error.message : String(error);
    return { documents: [], problems: [syntaxProblem(reason, place(startOf(document.contents)))] };
  }
}

/** Holds nothing of the document's tree: it lives as long as the object. */
function locatedDocument(
  value: unknown,
  source: Source,
  places: Places,
  place: (offset: number) => Source,
): LocatedDocument {
  return {
    value,
    source,
    locate: (path) => place(places.find(path).value),
    locateKey: (path) => place(places.find(path).key),
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
