// Random expressions of every type over a small manifest, and random attributes for them.
import fc from 'fast-check';

import type { Manifest } from '../attributes/vocabulary.ts';
import { formatGoDuration } from '../values/duration-text.ts';
import { parseIpAddress } from '../values/ip-address.ts';
import { duration, isDuration, timestamp, type Value } from '../values/value.ts';
import type { ValueType } from '../values/value-type.ts';

import type { Constant, Expression } from './expression.ts';
import { quote } from './string-literal.ts';

export const MANIFEST: Manifest = {
  i: 'INT64',
  'i.other': 'INT64',
  s: 'STRING',
  'request.host': 'STRING',
  b: 'BOOL',
  d: 'DOUBLE',
  ip4: 'IP_ADDRESS',
  't.now': 'TIMESTAMP',
  took: 'DURATION',
  m: 'STRING_MAP',
  'request.headers': 'STRING_MAP',
};

const TEXTS = ['a', 'ab', 'b.c', 'x-é', 'a"\\\n', ''] as const;
const place = { line: 1, column: 1 };
const text = fc.constantFrom(...TEXTS);

const VALUES: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  INT64: fc.bigInt({ min: -3n, max: 3n }),
  STRING: text,
  BOOL: fc.boolean(),
  DOUBLE: fc.constantFrom(0, 0.5, 2, 1e21),
  IP_ADDRESS: fc.constantFrom(parseIpAddress('1.2.3.4')!, Uint8Array.of(1, 2, 3, 4), parseIpAddress('::1')!),
  TIMESTAMP: fc.bigInt({ min: 0n, max: 3n }).map(timestamp),
  DURATION: fc.bigInt({ min: 0n, max: 3n }).map(duration),
  STRING_MAP: fc.dictionary(text, text).map((entries) => new Map(Object.entries(entries))),
};

/** Any of the attributes may be absent. */
export const attributes: fc.Arbitrary<ReadonlyMap<string, Value>> = fc
  .record(Object.fromEntries(Object.entries(MANIFEST).map(([name, type]) => [name, VALUES[type]!])), {
    requiredKeys: [],
  })
  .map((record) => new Map(Object.entries(record as Record<string, Value>)));

const BUILDERS: Readonly<Record<string, fc.Arbitrary<Expression>>> = fc.letrec<Record<string, Expression>>((tie) => {
  const call = (name: string, ...types: readonly string[]): fc.Arbitrary<Expression> =>
    fc.tuple(...types.map((type) => tie(type))).map((args) => ({ kind: 'call', name, args, place }));
  const method = (name: string): fc.Arbitrary<Expression> =>
    fc.tuple(tie('STRING'), tie('STRING')).map(([target, arg]) => ({ kind: 'call', name, target, args: [arg], place }));
  const of = (type: ValueType, ...more: readonly fc.Arbitrary<Expression>[]): fc.Arbitrary<Expression> =>
    fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf(type),
      call('OR', type, type),
      call('conditional', 'BOOL', type, type),
      ...more,
    );
  const comparisons = ['INT64', 'DOUBLE', 'TIMESTAMP', 'DURATION', 'STRING'].flatMap((type) =>
    ['EQ', 'NEQ', 'LT', 'LEQ', 'GT', 'GEQ'].map((name) => call(name, type, type)),
  );
  return {
    INT64: of('INT64', call('ADD', 'INT64', 'INT64'), call('size', 'STRING')),
    DOUBLE: of('DOUBLE', call('ADD', 'DOUBLE', 'DOUBLE')),
    STRING: of(
      'STRING',
      call('ADD', 'STRING', 'STRING'),
      call('INDEX', 'STRING_MAP', 'STRING'),
      call('toLower', 'STRING'),
    ),
    TIMESTAMP: of('TIMESTAMP'),
    DURATION: of('DURATION'),
    IP_ADDRESS: of('IP_ADDRESS', call('ip', 'STRING')),
    STRING_MAP: of('STRING_MAP', call('emptyStringMap')),
    BOOL: of(
      'BOOL',
      ...comparisons,
      call('LOR', 'BOOL', 'BOOL'),
      call('LAND', 'BOOL', 'BOOL'),
      call('EQ', 'IP_ADDRESS', 'IP_ADDRESS'),
      call('match', 'STRING', 'STRING'),
      method('startsWith'),
      method('endsWith'),
      method('matches'),
    ),
  };
});

/** Expressions that compile. */
export const expression: fc.Arbitrary<Expression> = fc.oneof(...Object.values(BUILDERS));

function leaf(type: ValueType): fc.Arbitrary<Expression> {
  const names = Object.keys(MANIFEST).filter((name) => MANIFEST[name] === type);
  const attribute = fc.constantFrom(...names).map((name): Expression => ({ kind: 'attribute', name, place }));
  const constants = VALUES[type]!.map((value) => constant(type, value)).filter((leaf) => leaf !== undefined);
  return ['STRING_MAP', 'IP_ADDRESS', 'TIMESTAMP'].includes(type) ? attribute : fc.oneof(attribute, constants);
}

/** Negative numbers have no constants. */
function constant(type: ValueType, value: Value): Constant | undefined {
  if (typeof value === 'bigint' && value < 0n) return undefined;
  return { kind: 'constant', type, value, text: literal(value), place };
}

function literal(value: Value): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return value.toExponential();
  if (typeof value === 'object') return isDuration(value) ? `"${formatGoDuration(value.nanoseconds)}"` : '';
  return value.toString();
}
