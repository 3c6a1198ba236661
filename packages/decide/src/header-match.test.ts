import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { HeaderMatcherSchema } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import * as fc from 'fast-check';
import { get } from './fixture.ts';
import { compileHeaderCondition } from './header-match.ts';

function matches(matcher: { [key: string]: JsonValue }, value: string | undefined): boolean {
  const condition = compileHeaderCondition(fromJson(HeaderMatcherSchema, { name: 'X-A', ...matcher }));
  return condition.holds(get('/', value === undefined ? {} : { 'x-a': value }), '/', 0);
}

test('tells matching from missing values for every kind of matcher', () => {
  const cases: readonly [
    matcher: { [key: string]: JsonValue },
    yes: (string | undefined)[],
    no: (string | undefined)[],
  ][] = [
    [{}, ['', 'a'], [undefined]],
    [{ presentMatch: true }, ['', 'a'], [undefined]],
    [{ presentMatch: false }, [undefined], ['', 'a']],
    [{ presentMatch: true, invertMatch: true }, [undefined], ['', 'a']],
    [{ presentMatch: true, treatMissingHeaderAsEmpty: true }, ['a', undefined], []],
    [{ presentMatch: false, treatMissingHeaderAsEmpty: true }, [], ['a', undefined]],
    [{ exactMatch: 'a' }, ['a'], ['A', 'ab', '', undefined]],
    [{ exactMatch: 'a', invertMatch: true }, ['b', ''], ['a', undefined]],
    [{ prefixMatch: 'a' }, ['a', 'ab'], ['ba', undefined]],
    [{ suffixMatch: 'a' }, ['a', 'ba'], ['ab', undefined]],
    [{ containsMatch: 'a' }, ['bab'], ['b', undefined]],
    [{ safeRegexMatch: { regex: 'a+' } }, ['aa'], ['aab', '', undefined]],
    [{ rangeMatch: { start: '-1', end: '10' } }, ['-1', '9', ' 5 ', '+5'], ['10', '-2', '5.0', 'x', '', undefined]],
    [{ stringMatch: { exact: 'aB', ignoreCase: true } }, ['ab', 'AB'], ['a', undefined]],
    [{ stringMatch: { prefix: 'A', ignoreCase: true } }, ['ab'], ['b']],
    [{ stringMatch: { suffix: 'b' } }, ['ab'], ['B']],
    [{ stringMatch: { contains: 'B', ignoreCase: true } }, ['abc'], ['ac']],
    [{ stringMatch: { safeRegex: { regex: '(?i)a' } } }, ['A'], ['b']],
    [{ stringMatch: { exact: 'a' }, invertMatch: true }, ['b'], ['a', undefined]],
    [{ stringMatch: { exact: 'a' }, invertMatch: true, treatMissingHeaderAsEmpty: true }, ['b', undefined], ['a']],
    [{ stringMatch: { exact: '' }, treatMissingHeaderAsEmpty: true }, ['', undefined], ['a']],
  ];
  const wrong = cases.flatMap(([matcher, yes, no]) => [
    ...yes.filter((value) => !matches(matcher, value)).map((value) => ({ matcher, value, wanted: true })),
    ...no.filter((value) => matches(matcher, value)).map((value) => ({ matcher, value, wanted: false })),
  ]);
  assert.deepEqual(wrong, []);
});

test('an inverted matcher is the opposite wherever there is a value', () => {
  const matcher = fc.oneof(
    fc
      .constantFrom('exact', 'prefix', 'suffix', 'contains')
      .chain((kind) =>
        fc
          .record({ text: fc.stringMatching(/^[abA]{1,2}$/), ignoreCase: fc.boolean() })
          .map(({ text, ignoreCase }) => ({ stringMatch: { [kind]: text, ignoreCase } })),
      ),
    fc.constant({ rangeMatch: { start: '0', end: '5' } }),
  );
  fc.assert(
    fc.property(matcher, fc.stringMatching(/^[abA0-9]{0,4}$/), (matcher, value) => {
      assert.equal(matches({ ...matcher, invertMatch: true }, value), !matches(matcher, value));
    }),
  );
});

test('some value of a repeated field must match; inverted, none may', () => {
  const value = fc.stringMatching(/^[ab,;]{0,3}$/);
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), value, fc.boolean(), (values, exact, invertMatch) => {
      const matcher = fromJson(HeaderMatcherSchema, { name: 'x', stringMatch: { exact }, invertMatch });
      const held = compileHeaderCondition(matcher).holds(get('/', { x: values }), '/', 0);
      assert.equal(held, values.includes(exact) !== invertMatch);
    }),
  );
});

test('the fields of a request have names of headers', () => {
  const holds = (name: string, value: string) =>
    compileHeaderCondition(fromJson(HeaderMatcherSchema, { name, exactMatch: value })).holds(get('/a?b'), '/a', 0);
  assert.deepEqual(
    [
      holds(':method', 'GET'),
      holds(':path', '/a?b'),
      holds(':scheme', 'http'),
      holds(':authority', 'reviews:9080'),
      holds('Host', 'reviews:9080'),
    ],
    [true, true, true, true, true],
  );
});
