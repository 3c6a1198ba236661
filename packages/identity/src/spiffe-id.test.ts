import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseSpiffeId, spiffeId } from './spiffe-id.ts';

const segment = fc.stringMatching(/^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,40}$/);
const identities = fc.record({
  trustDomain: fc.stringMatching(/^[a-z0-9._-]{1,40}$/),
  namespace: segment,
  serviceAccount: segment,
});

test('an identity comes back from its SPIFFE ID', () => {
  fc.assert(
    fc.property(identities, (identity) => assert.deepEqual(parseSpiffeId(spiffeId(identity)), { ...identity })),
  );
});

test('what is read is written the same, whatever the text', () => {
  const almost = fc.oneof(
    fc.string(),
    fc.tuple(identities, fc.string(), fc.nat()).map(([identity, extra, at]) => {
      const text = spiffeId(identity);
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + extra + text.slice(cut);
    }),
  );
  fc.assert(
    fc.property(almost, (text) => {
      const identity = parseSpiffeId(text);
      assert.ok(identity === undefined || spiffeId(identity) === text);
    }),
  );
});

for (const [name, text] of [
  ['an escape', 'spiffe://td/ns/a/sa/b%2fc'],
  ['dot segments', 'spiffe://td/ns/a/sa/b/../c'],
  ['a dot segment as a name', 'spiffe://td/ns/../sa/b'],
  ['a trailing slash', 'spiffe://td/ns/a/sa/b/'],
  ['an upper-case trust domain', 'spiffe://TD/ns/a/sa/b'],
  ['an upper-case scheme', 'SPIFFE://td/ns/a/sa/b'],
  ['an empty segment', 'spiffe://td/ns//sa/b'],
  ['an empty trust domain', 'spiffe:///ns/a/sa/b'],
  ['a port', 'spiffe://td:80/ns/a/sa/b'],
  ['user information', 'spiffe://u@td/ns/a/sa/b'],
  ['a query', 'spiffe://td/ns/a/sa/b?x'],
  ['a fragment', 'spiffe://td/ns/a/sa/b#x'],
  ['a further segment', 'spiffe://td/ns/a/sa/b/c'],
  ['a NUL', 'spiffe://td/ns/a/sa/b\0'],
  ['a line break at the end', 'spiffe://td/ns/a/sa/b\n'],
  ['no path', 'spiffe://td'],
]) {
  test(`refuses ${name}`, () => assert.equal(parseSpiffeId(text!), undefined));
}

test('an identity with a part that cannot stand in a SPIFFE ID is never written', () => {
  assert.throws(() => spiffeId({ trustDomain: 'td', namespace: 'a/b', serviceAccount: 'c' }), RangeError);
});
