// `mixc eval`: a manifest, attributes as JSON and an expression → the expression's value as text.
import { readFileSync } from 'node:fs';

import { AttributeBag } from '../attributes/attribute-bag.ts';
import { readManifest } from '../attributes/read-manifest.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import { compileExpression } from '../expr/compile.ts';
import { formatValue } from '../values/format-value.ts';
import { parseJson, readValue, ValueError } from '../values/read-value.ts';
import type { Value } from '../values/value.ts';

import { MixcError } from './mixc-error.ts';

export interface EvalOptions {
  /** A file; without one, the attributes that Mixer 0.2.2 and 1.0.3 know. */
  readonly manifest: string | undefined;
  /** JSON: names and values. */
  readonly attributes: string;
  /** Puts a line with the type before the value. */
  readonly type: boolean;
  readonly expression: string;
}

/** The lines to print. Throws ExpressionError, ManifestError or MixcError. */
export function evaluateText(options: EvalOptions, builtIn: Vocabulary): string {
  const vocabulary = options.manifest === undefined ? builtIn : readVocabulary(options.manifest);
  const compiled = compileExpression(options.expression, vocabulary);
  const value = compiled.evaluate(AttributeBag.of(vocabulary, readAttributes(options.attributes, vocabulary)));
  return `${options.type ? `${compiled.type}\n` : ''}${formatValue(value)}\n`;
}

function readVocabulary(file: string): Vocabulary {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new MixcError(`manifest: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  return new Vocabulary(readManifest(text, file));
}

function readAttributes(text: string, vocabulary: Vocabulary): readonly (readonly [string, Value])[] {
  return Object.entries(parseObject(text)).map(([name, json]) => {
    const known = vocabulary.find(name);
    if (!known) throw new MixcError(`attribute ${name}: the manifest does not declare it`);
    try {
      return [name, readValue(json, known.type)] as const;
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new MixcError(`attribute ${name}: ${error.message}`, { cause: error });
    }
  });
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw new MixcError(`attributes: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw new MixcError('attributes: not a JSON object');
}
