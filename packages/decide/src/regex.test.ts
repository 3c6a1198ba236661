import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RE2JS } from 're2js';
import { DecideError } from './decide-error.ts';
import { compileRegex, compileSubstitution } from './regex.ts';

test('matches the whole text', () => {
  const verdicts = [
    ['^(.*?;)?(user=jason)(;.*)?$', 'user=jason', true],
    ['^(.*?;)?(user=jason)(;.*)?$', 'a=b;user=jason;c=d', true],
    ['^(.*?;)?(user=jason)(;.*)?$', 'user=jasons', false],
    ['/reviews/[0-9]+', '/reviews/12', true],
    ['/reviews/[0-9]+', '/reviews/12/x', false],
    ['a|b', 'b', true],
    ['^a|b$', 'ab', false],
    ['(GET|HEAD)', 'HEAD', true],
    ['.*\\.png', '/x.png', true],
    ['.*\\.png', '/xpng', false],
    ['/api/.*', '/api/', true],
    ['/api/.*', '/api', false],
    ['.*', '', true],
    ['', '', true],
    ['', 'a', false],
  ] as const;
  const seen = verdicts.map(([source, text]) => [source, text, compileRegex(source)(text)]);
  assert.deepEqual(seen, verdicts);
});

test('a literal, prefix, suffix, part or choice has the verdict of the engine', () => {
  const literal = fc.stringMatching(/^[a-c./]{0,4}$/).map((text) => text.replaceAll('.', '\\.'));
  const source = fc.oneof(
    literal,
    fc
      .tuple(
        fc.constantFrom('', '^'),
        fc.constantFrom('', '.*'),
        literal,
        fc.constantFrom('', '.*'),
        fc.constantFrom('', '$'),
      )
      .map((parts) => parts.join('')),
    fc
      .tuple(literal, literal, fc.constantFrom('(', '(?:', '^(', ''))
      .map(([a, b, open]) => (open === '' ? `${a}|${b}` : `${open}${a}|${b})${open.startsWith('^') ? '$' : ''}`)),
    fc.stringMatching(/^[ab.*|^$()]{0,8}$/).filter(isRegex),
  );
  const text = fc.oneof(fc.stringMatching(/^[a-c./\n]{0,6}$/), fc.string());
  fc.assert(
    fc.property(source, text, (source, text) => {
      assert.equal(compileRegex(source)(text), RE2JS.compile(source).testExact(text));
    }),
    { numRuns: 2000 },
  );
});

test('replaces every match, and nothing right after a match when it is empty', () => {
  const replaced = [
    ['^/api/v1/(.*)$', '/\\1', '/api/v1/users', '/users'],
    ['/foo', '', '/foo/foo/x', '/x'],
    ['a*', '-', 'baac', '-b-c-'],
    ['(a)(b)?', '[\\1\\2]', 'ab a', '[ab] [a]'],
    ['x', '\\\\\\0$1', 'axb', 'a\\x$1b'],
    ['z', 'y', 'abc', 'abc'],
  ] as const;
  const seen = replaced.map(([source, by, text]) => [source, by, text, compileSubstitution(source, by)(text)]);
  assert.deepEqual(seen, replaced);
});

test('names what is wrong with an expression', () => {
  const messages = [
    () => compileRegex('(a'),
    () => compileRegex('a'.repeat(1025)),
    () => compileSubstitution('a', '\\2'),
  ].map((compile) => {
    try {
      compile();
      return 'compiled';
    } catch (failure) {
      return failure instanceof DecideError ? `${failure.code} ${failure.message}` : failure;
    }
  });
  assert.deepEqual(messages, [
    'BAD_REGEX regex "(a": error parsing regexp: missing closing ): `(a`',
    'BAD_REGEX regex of 1025 characters is longer than 1024',
    'BAD_REGEX substitution "\\2" of regex "a": bad "\\2"',
  ]);
});

function isRegex(source: string): boolean {
  try {
    RE2JS.compile(source);
    return true;
  } catch {
    return false;
  }
}
