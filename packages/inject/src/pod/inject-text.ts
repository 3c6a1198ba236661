// A YAML text → the same text with sidecars: documents of other kinds stay byte for byte, comments stay.
import type { Problem, Source } from '@meltemi/base';
import {
  type Document,
  isAlias,
  isCollection,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  Scalar,
  stringify,
  visit,
  YAMLMap,
} from 'yaml';

import { type Edit, editValue } from './edit.ts';
import { injection, typedEdits } from './injection.ts';
import { isRecord, type Path, valueAt } from './kubernetes-object.ts';
import type { InjectSettings } from './settings.ts';
import { objectPaths, workloadKind } from './workload-kind.ts';

export interface InjectedText {
  /** Each document is followed by a line `---`; empty documents are left out. */
  readonly text: string;
  /** What can't be read; then the text is not to be used. */
  readonly problems: readonly Problem[];
}

export function injectText(text: string, settings: InjectSettings, file = '<input>'): InjectedText {
  const chunks = splitDocuments(text, file).filter((chunk) => chunk.text.trim() !== '');
  const injected = chunks.map((chunk) => injectChunk(chunk, settings));
  return {
    text: injected.map((chunk) => `${chunk.text}${chunk.text.endsWith('\n') ? '' : '\n'}---\n`).join(''),
    problems: injected.flatMap((chunk) => chunk.problems),
  };
}

interface Chunk {
  readonly text: string;
  readonly start: Source;
}

/** A line that begins with `---` begins a document, wherever it stands: YAML 1.2, 9.1.2. */
function splitDocuments(text: string, file: string): readonly Chunk[] {
  let line = 1;
  return text.split(/^---(?=\s|$)/m).map((chunk) => {
    const body = chunk.replace(/^[ \t]*\r?\n/, '');
    const start = { file, line: body === chunk ? line : line + 1, column: 1 };
    line += chunk.split('\n').length - 1;
    return { text: body, start };
  });
}

const OUTPUT = { lineWidth: 0, indentSeq: false, flowCollectionPadding: false } as const;

function injectChunk({ text, start }: Chunk, settings: InjectSettings): InjectedText {
  const document = parseDocument(text, { merge: true, logLevel: 'error', prettyErrors: false });
  const wrong = document.errors[0];
  if (wrong) return { text, problems: [syntaxProblem(wrong.message, text.slice(0, wrong.pos[0]), start)] };
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { text: injectDocument(text, document, value, settings), problems: [] };
  } catch (error) {
    // An alias without its anchor, or aliases that unfold to more than is sane.
    return { text, problems: [syntaxProblem(error instanceof Error ? error.message : String(error), '', start)] };
  }
}

function injectDocument(text: string, document: Document, value: unknown, settings: InjectSettings): string {
  const edits = documentEdits(value, settings);
  if (edits === undefined) return text;
  return hasAlias(document) ? writeValue(value, edits) : writeEdited(text, edits);
}

/** Undefined for a document without any workload. */
function documentEdits(value: unknown, settings: InjectSettings): readonly Edit[] | undefined {
  const workloads = objectPaths(value).flatMap((at) => {
    const object = valueAt(value, at);
    const kind = workloadKind(object);
    return kind && isRecord(object) ? [{ at, kind, object }] : [];
  });
  if (workloads.length === 0) return undefined;
  return workloads.flatMap(({ at, kind, object }) =>
    [...typedEdits(object, kind), ...injection(object, kind, settings).edits].map((edit) => below(at, edit)),
  );
}

function below(at: Path, edit: Edit): Edit {
  return { ...edit, path: [...at, ...edit.path] };
}

/** An edit of a shared part would show in two places: such documents are written anew. */
function hasAlias(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias() {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

function writeValue(value: unknown, edits: readonly Edit[]): string {
  return stringify(editValue(value, edits), { ...OUTPUT, aliasDuplicateObjects: false });
}

/** Without a schema every scalar stays as it is written: 0644, yes and 1.10 mean other things to other readers. */
function writeEdited(text: string, edits: readonly Edit[]): string {
  const document = parseDocument(text, { schema: 'failsafe', logLevel: 'error', prettyErrors: false });
  visit(document, { Scalar: (_, scalar) => spellNull(scalar) });
  for (const edit of edits) editNode(document, edit);
  return document.toString(OUTPUT);
}

function spellNull(scalar: Scalar): void {
  if (scalar.value === '' && scalar.type === Scalar.PLAIN) scalar.value = 'null';
}

function editNode(document: Document, edit: Edit): void {
  makeParents(document, edit.path);
  if (edit.kind === 'set') return document.setIn(edit.path, literalNode(edit.value));
  const list = document.getIn(edit.path, true);
  if (isSeq(list)) for (const item of edit.items) list.add(literalNode(item));
  else document.setIn(edit.path, literalNode(edit.items));
}

/** A parent may be there as null. */
function makeParents(document: Document, path: Path): void {
  for (let length = 1; length < path.length; length++) {
    const parent = path.slice(0, length);
    if (!isCollection(document.getIn(parent, true))) document.setIn(parent, new YAMLMap());
  }
}

/** The value as nodes of a document without schema, quoted as a reader with one needs it. */
function literalNode(value: unknown): Node {
  const { contents } = parseDocument(stringify(value, OUTPUT), { schema: 'failsafe' });
  if (!isNode(contents) || isAlias(contents)) throw new TypeError('only plain data can be written');
  if (isScalar(contents)) spellNull(contents);
  return contents;
}

/** The code of texts that aren't YAML, wherever they are read. */
const SYNTAX_CODE = 'MEL0001';

function syntaxProblem(message: string, before: string, start: Source): Problem {
  const lines = before.split('\n');
  const source = { ...start, line: start.line + lines.length - 1, column: lines.at(-1)!.length + 1 };
  return { severity: 'error', code: SYNTAX_CODE, message: message.replaceAll(/\s+/g, ' ').trim(), source };
}
