// An expression of Mixer, compiled to closures, beside the same condition written by hand: ns for one evaluation.
import assert from 'node:assert/strict';
import { AttributeBag, type AttributeReader, compileExpression, type Value, Vocabulary } from '@meltemi/policy';
import { type Figure, figure } from './figure.ts';

const TEXT = 'ai == 20 || ar["foo"] == "bar"';
const vocabulary = new Vocabulary({ ai: 'INT64', ar: 'STRING_MAP' });
const REQUESTS = 1024;
const REPEATS = 300;

const bags = Array.from({ length: REQUESTS }, (_, index) => {
  const attributes: readonly (readonly [string, Value])[] = [
    ['ai', index % 3 === 0 ? 20n : BigInt(index)],
    ['ar', new Map([['foo', index % 2 === 0 ? 'bar' : `no${index}`]])],
  ];
  return AttributeBag.of(vocabulary, attributes);
});

const [ai, ar] = ['ai', 'ar'].map((name) => vocabulary.find(name)!.slot) as [number, number];

/** With the checks for what is absent that the language asks for. */
function byHand(bag: AttributeReader): boolean {
  const number = bag.read(ai);
  if (number === undefined) throw new Error("lookup failed: 'ai'");
  if (number === 20n) return true;
  if (!bag.has(ar)) throw new Error("lookup failed: 'ar'");
  const text = bag.lookup(ar, 'foo');
  if (text === undefined) throw new Error("member lookup failed: 'foo'");
  return text === 'bar';
}

export function expressionCost(rounds: number): Figure {
  const compiled = compileExpression(TEXT, vocabulary);
  for (const bag of bags) assert.equal(compiled.evaluate(bag), byHand(bag));
  const [ours, beside]: [number[], number[]] = [[], []];
  for (let round = -2; round < rounds; round++) {
    const times = [measure((bag) => compiled.evaluate(bag)), measure(byHand)];
    if (round < 0) continue;
    ours.push(times[0]!);
    beside.push(times[1]!);
  }
  return figure({ name: 'expression, to one by hand', unit: 'ns', bar: 5, aim: 2 }, ours, beside);
}

function measure(evaluate: (bag: AttributeReader) => unknown): number {
  let held = 0;
  const start = process.hrtime.bigint();
  for (let repeat = 0; repeat < REPEATS; repeat++) for (const bag of bags) if (evaluate(bag) === true) held++;
  const time = Number(process.hrtime.bigint() - start) / (REPEATS * REQUESTS);
  assert.ok(held > 0);
  return time;
}
