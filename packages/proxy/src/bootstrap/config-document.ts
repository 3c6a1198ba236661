// Reads a configuration text, JSON or YAML, into a value that remembers where each field was written.
import { type Problem, type Source } from '@meltemi/base';
import type { JsonValue } from '@bufbuild/protobuf';

export interface ConfigDocument {
  readonly value: JsonValue;
  /** Where the field of a path stands, or its nearest parent. */
  locate(path: readonly (string | number)[]): Source | undefined;
}

export type ConfigReading =
  | { readonly kind: 'document'; readonly document: ConfigDocument }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/** Reads `text`; `file` names it in problems. Correct JSON, which is what agents write, never loads the YAML parser. */
export async function readConfigDocument(text: string, file: string): Promise<ConfigReading> {
  const json = parseJson(text);
  if (json !== undefined) return { kind: 'document', document: { value: json, locate: () => undefined } };
  return readYaml(text, file);
}

/** The same document with the places of its fields, for problems in JSON. */
export function readPlacedDocument(text: string, file: string): Promise<ConfigReading> {
  return readYaml(text, file);
}

function parseJson(text: string): JsonValue | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** JSON is YAML too: what is malformed in it is told here with its line. */
async function readYaml(text: string, file: string): Promise<ConfigReading> {
  const { isNode, LineCounter, parseDocument } = await import('./yaml-parser.ts');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const sourceAt = (offset: number): Source => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  if (document.errors.length > 0) {
    return {
      kind: 'problems',
      problems: document.errors.map((error) => syntaxProblem(error.message, sourceAt(error.pos[0]))),
    };
  }
  const locate = (path: readonly (string | number)[]): Source | undefined => {
    for (let length = path.length; length >= 0; length--) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return sourceAt(node.range[0]);
    }
    return undefined;
  };
  try {
    return { kind: 'document', document: { value: (document.toJS() ?? {}) as JsonValue, locate } };
  } catch (error) {
    // Aliases are looked up only now: one that leads nowhere, or that would make too much of little.
    return { kind: 'problems', problems: [syntaxProblem((error as Error).message, sourceAt(0))] };
  }
}

function syntaxProblem(message: string, source: Source): Problem {
  return { severity: 'error', code: 'MEL0101', message, source };
}
