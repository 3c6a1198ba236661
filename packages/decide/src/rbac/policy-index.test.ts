import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { PathNeed } from '../path-lists.ts';
import { PolicyIndex } from './policy-index.ts';

const path = fc.constantFrom('', '/', '/a', '/a/', '/a/b', '/ab', '/b');
const need: fc.Arbitrary<PathNeed> = fc.record({ kind: fc.constantFrom('exact', 'prefix'), text: path });
const needs = fc.array(fc.option(fc.array(need, { minLength: 1, maxLength: 3 }), { nil: undefined }), { maxLength: 8 });

test('candidates are the policies one of whose paths fits, and those that want none, in their order', () => {
  const property = fc.property(needs, path, (needs, path) => {
    const fits = ({ kind, text }: PathNeed) => (kind === 'exact' ? path === text : path.startsWith(text));
    const expected = [...needs.keys()].filter((number) => needs[number]?.some(fits) ?? true);
    assert.deepEqual(new PolicyIndex(needs).candidates(path), expected);
  });
  fc.assert(property, { numRuns: 2000 });
});
