import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compileUriRewrite, compileUriTemplate } from './uri-template.ts';

test('matches whole paths, segment by segment', () => {
  const cases: readonly (readonly [template: string, yes: readonly string[], no: readonly string[]])[] = [
    ['/', ['/'], ['/a', '//']],
    ['/a/*', ['/a/b', '/a/b.c'], ['/a/', '/a/b/c', '/a']],
    ['/a/**', ['/a/', '/a/b/c'], ['/a', '/b/a/']],
    ['/{x}/v1', ['/one/v1'], ['/one/two/v1', '//v1']],
    ['/{x=a/*}/b', ['/a/1/b'], ['/b/1/b', '/a/b']],
    ['/media/**.m3u8', ['/media/a/b.m3u8', '/media/.m3u8'], ['/media/a.mpd']],
    ['/a.b/(c)', ['/a.b/(c)'], ['/axb/c']],
    ['/a/', ['/a/'], ['/a']],
  ];
  for (const [template, yes, no] of cases) {
    const { matches } = compileUriTemplate(template);
    const seen = [...yes, ...no].filter(matches);
    assert.deepEqual(seen, yes, template);
  }
});

test('refuses templates that mean nothing', () => {
  const bad = [
    '',
    'a',
    '/a//b',
    '/**/*',
    '/**/{x}',
    '/{x}/{x}',
    '/{1}',
    '/{x',
    '/{x=}',
    '/a*',
    '/*a/b',
    '/{a}/{b}/{c}/{d}/{e}/{f}',
    '/a b',
    '/{x=*/}',
  ];
  assert.deepEqual(
    bad.filter((template) => isAccepted(template)),
    [],
  );
});

test('rewrites by the variables', () => {
  const template = compileUriTemplate('/{country}/{lang=en/*}/{rest=**}');
  const rewrite = compileUriRewrite('/{rest}/of-{country}/{lang}', template);
  assert.equal(rewrite('/de/en/us/a/b'), '/a/b/of-de/en/us');
  assert.equal(rewrite('/de/fr/us/a/b'), undefined);
  for (const bad of ['x', '/a//b', '/{other}', '/{rest', '/a?b']) {
    assert.throws(() => compileUriRewrite(bad, template), { code: 'BAD_ACTION' }, bad);
  }
});

const segment = fc.stringMatching(/^[a-z0-9.~-]{1,6}$/);

test('a template of variables captures what its path was made of', () => {
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
      const names = segments.map((_, index) => `v${index}`);
      const template = compileUriTemplate(`/${names.map((name) => `{${name}}`).join('/')}`);
      const captured = template.capture(`/${segments.join('/')}`);
      assert.deepEqual(
        [...(captured ?? [])],
        names.map((name, index) => [name, segments[index]]),
      );
    }),
  );
});

function isAccepted(template: string): boolean {
  try {
    compileUriTemplate(template);
    return true;
  } catch {
    return false;
  }
}
