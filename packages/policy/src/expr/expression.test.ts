// Properties that hold for all expressions, and the words in which wrong ones are refused.
import assert from 'node:assert/strict';
import test from 'node:test';

import fc from 'fast-check';

import { AttributeBag } from '../attributes/attribute-bag.ts';
import { ReferenceLog } from '../attributes/reference-log.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import type { Value } from '../values/value.ts';

import { compileExpression } from './compile.ts';
import type { Expression } from './expression.ts';
import { ExpressionError, formatExpressionError } from './expression-error.ts';
import { parseExpression } from './parse.ts';
import { printExpression } from './print.ts';
import { attributes, expression, MANIFEST } from './random-expression.fixture.ts';
import { walk } from './tree-walk.fixture.ts';

const vocabulary = new Vocabulary(MANIFEST);

test('any text is an expression or is refused with a place', () => {
  const pieces = fc.array(
    fc.constantFrom(
      'a',
      '.b',
      '(',
      ')',
      '[',
      ']',
      '"x"',
      '`r`',
      "'",
      '1',
      '2.5',
      ' ',
      '\n',
      '|',
      '||',
      '&&',
      '!',
      '==',
      ',',
    ),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        pieces.map((all) => all.join('')),
      ),
      (text) => {
        try {
          parseExpression(text);
        } catch (error) {
          assert.ok(error instanceof ExpressionError, String(error));
          assert.ok(error.place.line >= 1 && error.place.column >= 1);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('texts nested without end are refused, not followed', () => {
  for (const text of ['('.repeat(1e5), '!'.repeat(1e5), 'a['.repeat(1e5), 'f('.repeat(1e5), `a${'|a'.repeat(1e5)}`]) {
    assert.throws(() => parseExpression(text), /nested too deeply|too large/);
  }
});

test('a printed expression parses to the same tree', () => {
  fc.assert(
    fc.property(expression, (tree) => {
      assert.deepEqual(withoutPlaces(parseExpression(printExpression(tree))), withoutPlaces(tree));
    }),
    { numRuns: 300 },
  );
});

test('what parses prints to a text that parses to the same', () => {
  for (const text of [
    '!a',
    '- -1',
    'a - -b',
    '(1).f()',
    '(a + b).f(c)[d]',
    'a * (b | c) << 2',
    '(a && b) == c',
    'EQ(a)',
  ]) {
    const tree = parseExpression(text);
    assert.deepEqual(withoutPlaces(parseExpression(printExpression(tree))), withoutPlaces(tree), text);
  }
});

test('a compiled expression gives what a walk over its tree gives', () => {
  fc.assert(
    fc.property(expression, attributes, (tree, given) => {
      const compiled = compileExpression(printExpression(tree), vocabulary);
      const bag = AttributeBag.of(vocabulary, given);
      assert.deepEqual(
        outcome(() => compiled.evaluate(bag)),
        outcome(() => walk(tree, given)),
      );
    }),
    { numRuns: 1000 },
  );
});

test('the attributes noted as read decide the value', () => {
  fc.assert(
    fc.property(expression, attributes, attributes, (tree, given, other) => {
      const compiled = compileExpression(printExpression(tree), vocabulary);
      fc.pre(compiled.type !== 'STRING_MAP');
      const log = new ReferenceLog(vocabulary);
      const value = outcome(() => compiled.evaluate(AttributeBag.of(vocabulary, given).tracked(log)));
      const changed = AttributeBag.of(vocabulary, withReferences(other, given, log));
      // Presence alone of a map is not noted, so which of two absences is named may change.
      assert.deepEqual(valueOf(outcome(() => compiled.evaluate(changed))), valueOf(value));
    }),
    { numRuns: 500 },
  );
});

test('errors name the place and say what Mixer says', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['x == 1', '1:1: unknown attribute x'],
    ['!b', '1:1: unknown function: NOT'],
    ['b &&\n  s', '2:3: LAND($b, $s) arg 2 ($s) typeError got STRING, expected BOOL'],
    ['"é" == i', '1:9: EQ("é", $i) arg 2 ($i) typeError got INT64, expected STRING'],
    ['ip()', '1:1: ip() arity mismatch. Got 0 arg(s), expected 1 arg(s)'],
    ['startsWith("a")', '1:1: invoking instance method without an instance: startsWith'],
    ['s.ip("a")', '1:1: invoking regular function on instance method: ip'],
    ['i.startsWith("a")', '1:1: $i:startsWith("a") target typeError got INT64, expected STRING'],
    ['s == "10s"', '1:6: EQ($s, "10s") arg 2 ("10s") typeError got DURATION, expected STRING'],
    ['a b', "unable to parse expression 'a b': 1:3: expected 'EOF', found b"],
    ['"a', `unable to parse expression '"a': 1:1: string literal not terminated`],
    ['0x10', `unable to parse expression '0x10': 1:1: strconv.ParseInt: parsing "0x10": invalid syntax`],
  ];
  for (const [text, message] of refused) {
    assert.throws(
      () => compileExpression(text, vocabulary),
      (error) => {
        assert.ok(error instanceof ExpressionError);
        assert.equal(formatExpressionError(error), message);
        return true;
      },
    );
  }
});

interface Outcome {
  readonly value?: Value;
  readonly error?: string;
}

function valueOf(outcome: Outcome): Value | undefined {
  return outcome.value;
}

function outcome(evaluate: () => Value): Outcome {
  try {
    return { value: evaluate() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function withoutPlaces(tree: Expression): unknown {
  // Constants may be written in several ways; their value counts.
  if (tree.kind === 'constant') return { type: tree.type, value: tree.value };
  if (tree.kind === 'attribute') return { name: tree.name };
  const target = tree.target && withoutPlaces(tree.target);
  return { name: tree.name, target, args: tree.args.map(withoutPlaces) };
}

/** Other attributes, but those that were read as they were. */
function withReferences(
  other: ReadonlyMap<string, Value>,
  given: ReadonlyMap<string, Value>,
  log: ReferenceLog,
): ReadonlyMap<string, Value> {
  const result = new Map(other);
  for (const { name, mapKey } of log.references()) {
    if (mapKey === undefined) replace(result, name, given.get(name));
    else {
      const map = new Map((result.get(name) ?? new Map()) as ReadonlyMap<string, string>);
      replace(map, mapKey, (given.get(name) as ReadonlyMap<string, string>).get(mapKey));
      result.set(name, map);
    }
  }
  return result;
}

function replace<Content>(map: Map<string, Content>, key: string, value: Content | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
