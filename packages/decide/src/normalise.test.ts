import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { normaliseHost, normalisePath, type PathOptions } from './normalise.ts';

const base: PathOptions = { normalizePath: true, mergeSlashes: false, escapedSlashes: 'keep' };
const merge: PathOptions = { ...base, mergeSlashes: true };
const decode: PathOptions = { ...merge, escapedSlashes: 'unescape-and-forward' };
const none: PathOptions = { ...base, normalizePath: false };

test('brings paths to one form by mode', () => {
  const cases: readonly [path: string, none: string, base: string, merge: string, decode: string][] = [
    ['/a/b?x=../#y', '/a/b?x=../', '/a/b?x=../', '/a/b?x=../', '/a/b?x=../'],
    ['/a/../b', '/a/../b', '/b', '/b', '/b'],
    ['/../../b', '/../../b', '/b', '/b', '/b'],
    ['/a/./b/.', '/a/./b/.', '/a/b/', '/a/b/', '/a/b/'],
    ['/a/%2e%2E/b', '/a/%2e%2E/b', '/b', '/b', '/b'],
    ['//a///b', '//a///b', '//a///b', '/a/b', '/a/b'],
    ['/a\\..\\b', '/a\\..\\b', '/b', '/b', '/b'],
    ['/a%2f..%2Fb', '/a%2f..%2Fb', '/a%2f..%2Fb', '/a%2f..%2Fb', '/b'],
    ['/a%5cb', '/a%5cb', '/a%5cb', '/a%5cb', '/a/b'],
    ['/%61dmin', '/%61dmin', '/admin', '/admin', '/admin'],
    ['/a/..;x=1/b', '/a/..;x=1/b', '/b', '/b', '/b'],
    ['/100%', '/100%', '/100%', '/100%', '/100%'],
    ['/a%20b%c3%A9', '/a%20b%c3%A9', '/a%20b%c3%A9', '/a%20b%c3%A9', '/a%20b%c3%A9'],
    ['/a%00b', '400', '400', '400', '400'],
    ['/%%32e', '/%%32e', '/%252e', '/%252e', '/%252e'],
    ['/a{"b', '/a{"b', '/a%7B%22b', '/a%7B%22b', '/a%7B%22b'],
    ['///', '///', '///', '//', '//'],
    ['*', '*', '*', '*', '*'],
    ['a/b', 'a/b', '400', '400', '400'],
  ];
  const seen = cases.map(([path]) => [path, ...[none, base, merge, decode].map((options) => textOf(path, options))]);
  assert.deepEqual(seen, cases);
});

test('refuses or redirects escaped slashes', () => {
  assert.deepEqual(
    [
      normalisePath('/a%2Fb', { ...base, escapedSlashes: 'reject' }),
      normalisePath('/a%2Fb?q', { ...base, escapedSlashes: 'unescape-and-redirect' }),
      normalisePath('/a/b', { ...base, escapedSlashes: 'unescape-and-redirect' }),
    ],
    [
      { kind: 'reject', status: 400 },
      { kind: 'redirect', status: 307, path: '/a/b?q' },
      { kind: 'ok', path: '/a/b' },
    ],
  );
});

const pieces = [
  '/',
  '..',
  '.',
  '%2e',
  '%2F',
  '%5c',
  '\\',
  'a',
  ';x',
  '%',
  '2',
  'e',
  '%25',
  '?',
  '#',
  '%41',
  '%32',
  '{',
];
const anyPath = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => `/${parts.join('')}`);
const anyOptions: fc.Arbitrary<PathOptions> = fc.record({
  normalizePath: fc.boolean(),
  mergeSlashes: fc.boolean(),
  escapedSlashes: fc.constantFrom('keep', 'reject', 'unescape-and-redirect', 'unescape-and-forward'),
});

test('normalising twice is normalising once', () => {
  fc.assert(
    fc.property(anyPath, anyOptions, (path, options) => {
      const once = normalisePath(path, options);
      if (once.kind === 'reject') return;
      assert.deepEqual(normalisePath(once.path, options), { kind: 'ok', path: once.path });
    }),
    { numRuns: 3000 },
  );
});

test('leaves no dot segment, however it is written', () => {
  fc.assert(
    fc.property(anyPath, anyOptions, (path, options) => {
      const result = normalisePath(path, { ...options, normalizePath: true });
      if (result.kind === 'reject') return;
      const decoded = result.path.split('?', 1)[0]!.replaceAll(/%2e/gi, '.');
      assert.doesNotMatch(decoded, /(?:^|[/\\])\.\.?(?:;[^/\\]*)?(?:[/\\]|$)/);
    }),
    { numRuns: 3000 },
  );
});

test('brings hosts to one form', () => {
  assert.deepEqual(
    [
      normaliseHost('Reviews.Default.'),
      normaliseHost('Reviews.:9080'),
      normaliseHost('a:80', { stripPort: true }),
      normaliseHost('a:80', { stripPort: 80 }),
      normaliseHost('a:81', { stripPort: 80 }),
      normaliseHost('[::1]:80', { stripPort: true }),
      normaliseHost('[::1]', { stripPort: true }),
    ],
    ['reviews.default', 'reviews:9080', 'a', 'a', 'a:81', '[::1]', '[::1]'],
  );
});

function textOf(path: string, options: PathOptions): string {
  const result = normalisePath(path, options);
  return result.kind === 'reject' ? String(result.status) : result.path;
}
