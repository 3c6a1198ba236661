import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fragment } from '../fragment.ts';
import { HeldResources } from './held-resources.ts';

const fragment = (name: string, version: string): Fragment => ({ name, version, any: new Uint8Array(), uses: [] });
const name = fc.constantFrom('a', 'b', 'c', 'd');
const version = fc.constantFrom('1', '2');
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), name, version }),
  fc.record({ kind: fc.constant('delete' as const), name }),
  fc.record({ kind: fc.constant('rebase' as const), table: fc.dictionary(name, version) }),
);

test('a table with differences holds what a map of its own would', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const held = new HeldResources();
      let model = new Map<string, string>();
      for (const each of steps) {
        if (each.kind === 'set') {
          held.set(each.name, { version: each.version, fragment: fragment(each.name, each.version) });
          model.set(each.name, each.version);
        } else if (each.kind === 'delete') {
          held.delete(each.name);
          model.delete(each.name);
        } else {
          const entries = Object.entries(each.table);
          held.rebase(new Map(entries.map(([key, value]) => [key, fragment(key, value)])));
          model = new Map(entries);
        }
        const copy = held.copy();
        assert.deepEqual(
          Object.fromEntries([...copy.names()].map((key) => [key, held.version(key)])),
          Object.fromEntries(model),
        );
        assert.equal(held.isEmpty, model.size === 0);
        assert.deepEqual(new Set(copy.fragments().map((item) => item.name)), new Set(model.keys()));
        for (const key of ['a', 'b', 'c', 'd']) assert.equal(held.get(key)?.version, model.get(key));
      }
    }),
  );
});
