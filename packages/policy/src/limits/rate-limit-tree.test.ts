// Limits by descriptors: as they are written, which one holds, and what is refused.
import assert from 'node:assert/strict';
import test from 'node:test';

import { parseDocuments } from '@meltemi/config';
import fc from 'fast-check';

import { limitFor } from './rate-limit-tree.ts';
import { readDomain } from './read-limit-tree.ts';

interface Written {
  readonly key: string;
  readonly value?: string;
  readonly rate_limit?: { readonly unit: string; readonly requests_per_unit: number };
  readonly descriptors?: readonly Written[];
}

function read(text: string) {
  return readDomain(parseDocuments(text, 'limits.yaml').documents[0]!);
}

const value = fc.constantFrom('a', 'ab', 'b', '');
const written: fc.Arbitrary<readonly Written[]> = fc.letrec<{ list: readonly Written[] }>((tie) => ({
  list: fc.uniqueArray(
    fc.record(
      {
        key: fc.constantFrom('k', 'l'),
        value: fc.constantFrom('a', 'ab', 'a*', 'b*'),
        rate_limit: fc.record({ unit: fc.constant('second'), requests_per_unit: fc.nat() }),
        descriptors: tie('list'),
      },
      { requiredKeys: ['key'] },
    ),
    { maxLength: 3, selector: ({ key, value: of }) => `${key} ${of ?? ''}` },
  ),
})).list;

/** What the documentation says, word by word: the exact value, then one by its beginning, then any. */
function expected(list: readonly Written[], entries: readonly { key: string; value: string }[]): number | undefined {
  const [entry, ...rest] = entries;
  if (!entry) return undefined;
  const of = list.filter(({ key }) => key === entry.key);
  const found =
    of.find((each) => each.value === entry.value && !entry.value.endsWith('*')) ??
    of.find((each) => each.value?.endsWith('*') && entry.value.startsWith(each.value.slice(0, -1))) ??
    of.find((each) => each.value === undefined);
  return rest.length === 0 ? found?.rate_limit?.requests_per_unit : expected(found?.descriptors ?? [], rest);
}

test('the limit of a descriptor is that of its last entry, on the way that its values lead', () => {
  const entries = fc.array(fc.record({ key: fc.constantFrom('k', 'l', 'm'), value }), { maxLength: 3 });
  fc.assert(
    fc.property(written, entries, (descriptors, asked) => {
      const { tree, problems } = read(JSON.stringify({ domain: 'd', descriptors }));
      assert.deepEqual(problems, []);
      const limit = limitFor(tree, asked);
      assert.equal(typeof limit === 'object' ? limit.requests : limit, expected(descriptors, asked));
    }),
  );
});

test('what is wrong is said with its place', () => {
  const text = `descriptors:
- value: x
  rate_limit: {unit: fortnight, requests_per_unit: -1, replaces: []}
- {key: a, value: b}
- {key: a, value: b, limit: 3}
`;
  const wrong = read(text).problems.map(({ message, source }) => `${source?.line} ${message}`);
  assert.deepEqual(wrong.sort(), [
    '1 domain is required',
    '2 descriptors[0].key is required',
    '3 descriptors[0].rate_limit.replaces is not known',
    '3 descriptors[0].rate_limit.requests_per_unit must not be negative',
    '3 descriptors[0].rate_limit.unit must be one of second, minute, hour, day, week, month, year',
    '5 descriptors[2].key "a" has this value twice',
    '5 descriptors[2].limit is not known',
  ]);
});

test('no text makes it fail', () => {
  fc.assert(
    fc.property(fc.anything(), (anything) => {
      const text = JSON.stringify({ domain: 'd', descriptors: anything });
      assert.equal(read(text).domain, 'd');
    }),
  );
});
