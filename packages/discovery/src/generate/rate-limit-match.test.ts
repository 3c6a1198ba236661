// Which requests a limit is for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { limitMatchers } from './rate-limit-match.ts';

function regexOf(paths: readonly string[]): RegExp {
  const [matcher] = limitMatchers({ paths });
  const specifier = matcher!.headerMatchSpecifier;
  assert.equal(specifier.case, 'stringMatch');
  const pattern = specifier.case === 'stringMatch' ? specifier.value.matchPattern : undefined;
  assert.equal(pattern?.case, 'safeRegex');
  return new RegExp(`^(?:${pattern?.case === 'safeRegex' ? pattern.value.regex : ''})$`);
}

test('a path is whole, or begins or ends so; what is asked of it does not count', () => {
  const part = fc.string({ unit: fc.constantFrom('/', 'a', '.', '(', '+', '\\'), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(part, part, (one, other) => {
      const path = `${one}${other}`;
      assert.ok(regexOf([path]).test(path));
      assert.ok(regexOf([path]).test(`${path}?a=b`));
      assert.ok(regexOf([`${one}*`]).test(path));
      assert.ok(regexOf([`*${other}`]).test(`${path}?x`));
      assert.equal(regexOf([one]).test(path), false);
      assert.ok(regexOf(['nothing', one]).test(one));
    }),
  );
});
