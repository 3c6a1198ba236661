// Mixer's own tables of expressions: each is compiled, typed and evaluated, and its functions are called directly.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { fixtureFolder } from '@meltemi/testkit';

import { AttributeBag } from '../attributes/attribute-bag.ts';
import { type Manifest, Vocabulary } from '../attributes/vocabulary.ts';
import { emailParts } from '../externs/email-address.ts';
import { EQUALITY } from '../externs/equality.ts';
import { EXTERNS } from '../externs/externs.ts';
import { parseJson, readValue } from '../values/read-value.ts';
import type { Value } from '../values/value.ts';
import type { ValueType } from '../values/value-type.ts';

import { compileExpression } from './compile.ts';
import { ExpressionError } from './expression-error.ts';

interface Case {
  readonly function?: string;
  readonly args?: readonly Readonly<Record<string, unknown>>[];
  readonly expression: string;
  readonly type: ValueType;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: string | true;
}

interface Table {
  readonly manifest: Manifest;
  readonly cases: readonly Case[];
  readonly compileErrors?: readonly { readonly expression: string; readonly compileError: string }[];
  readonly emailParts?: readonly { readonly address: string; readonly local: string; readonly domain: string }[];
}

const folder = fixtureFolder('mixer-expressions');
const skip = folder === undefined && 'the recorded tables are absent: 203 cases and 9 others not replayed';
const tables =
  folder === undefined ? [] : ['expressions-0.2.2', 'externs-1.0.3'].map((name) => readTable(folder, name));

test('every recorded expression has the recorded type and value or error', { skip }, () => {
  const cases = tables.flatMap((table) => table.cases.map((example) => ({ table, example })));
  assert.equal(cases.length, 203);
  for (const { table, example } of cases) replay(table.manifest, example);
});

test('every recorded function gives the same when it is called directly', { skip }, () => {
  const calls = tables.flatMap((table) => table.cases).filter((example) => example.function !== undefined);
  assert.equal(calls.length, 112);
  for (const example of calls) assertOutcome(example, () => call(example));
});

test('refused expressions are refused in the recorded words', { skip }, () => {
  const errors = tables.flatMap((table) => table.compileErrors ?? []);
  assert.equal(errors.length, 2);
  const vocabulary = new Vocabulary(tables[0]!.manifest);
  for (const { expression, compileError } of errors) {
    assert.throws(() => compileExpression(expression, vocabulary), { name: 'ExpressionError', message: compileError });
  }
});

test('e-mail addresses are split as recorded', { skip }, () => {
  const splits = tables.flatMap((table) => table.emailParts ?? []);
  assert.equal(splits.length, 7);
  for (const { address, local, domain } of splits) assert.deepEqual(emailParts(address), { local, domain });
});

function replay(manifest: Manifest, example: Case): void {
  const vocabulary = new Vocabulary(manifest);
  const compiled = compileExpression(example.expression, vocabulary);
  assert.equal(compiled.type, example.type, example.expression);
  const attributes = Object.entries(example.attributes).map(([name, json]): [string, Value] => [
    name,
    readValue(json, manifest[name]!),
  ]);
  assertOutcome(example, () => compiled.evaluate(AttributeBag.of(vocabulary, attributes)));
}

function assertOutcome(example: Case, evaluate: () => Value): void {
  if (example.error === undefined) {
    assert.deepEqual(evaluate(), readValue(example.result, example.type), example.expression);
    return;
  }
  assert.throws(evaluate, (error: Error) => {
    assert.ok(error instanceof ExpressionError || error.name === 'ExternError', String(error));
    return example.error === true || error.message === example.error;
  });
}

function call(example: Case): Value {
  const [subject] = example.function!.split('_equal');
  const args = example.args!.map((json) => readValue(json, argumentType(json, subject!)));
  if (!example.function!.endsWith('_equal')) return EXTERNS[subject!]!.call(...args);
  return EQUALITY[EXTERNS[subject!]!.returns as keyof typeof EQUALITY](args[0]!, args[1]!);
}

function argumentType(json: Readonly<Record<string, unknown>>, subject: string): ValueType {
  if ('string' in json) return 'STRING';
  return 'bool' in json ? 'BOOL' : EXTERNS[subject]!.returns;
}

function readTable(path: string, name: string): Table {
  // Numbers keep their digits, as values need them; a table has no other numbers that matter.
  return parseJson(readFileSync(join(path, `${name}.json`), 'utf8')) as Table;
}
