import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { importJWK } from 'jose';
import { signRoot } from './signer.ts';
import { parseSpiffeBundle, spiffeBundle } from './spiffe-bundle.ts';

const life = { organization: 'a.example', notBefore: 0, notAfter: Date.UTC(2040, 0) };
const keys = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
];
const roots = await Promise.all(keys.map((key) => signRoot(key, life)));

interface BundleKey {
  readonly use: string;
  readonly x5c: readonly string[];
}

test('the bundle holds each root and its key, as others read them', async () => {
  const { keys: found } = JSON.parse(spiffeBundle(roots.join(''))) as { readonly keys: readonly BundleKey[] };
  assert.deepEqual(
    found.map(({ use, x5c }) => [use, new X509Certificate(Buffer.from(x5c[0]!, 'base64')).fingerprint256]),
    roots.map((pem) => ['x509-svid', new X509Certificate(pem).fingerprint256]),
  );
  for (const [index, key] of found.entries()) {
    const alg = index === 0 ? 'ES256' : 'RS256';
    assert.ok(await importJWK(key as unknown as Parameters<typeof importJWK>[0], alg));
  }
});

test('what is served is read back', () => {
  const { roots: read, refreshMs } = parseSpiffeBundle(spiffeBundle(roots.join('')));
  assert.deepEqual([read, refreshMs], [roots.join(''), 300_000]);
});

test('keys for other uses are passed over, and what is no bundle is refused', () => {
  const { keys: good } = JSON.parse(spiffeBundle(roots[0]!)) as { readonly keys: readonly BundleKey[] };
  const bundle = (...all: unknown[]) => JSON.stringify({ keys: all });
  const other = { ...good[0]!, use: 'jwt-svid', x5c: undefined };
  assert.equal(parseSpiffeBundle(bundle(other, ...good)).roots, roots[0]);
  const twice = { ...good[0]!, x5c: [...good[0]!.x5c, ...good[0]!.x5c] };
  const none = { ...good[0]!, x5c: undefined };
  for (const text of ['', '{}', '[]', 'null', bundle(), bundle(other), bundle(twice), bundle(none), bundle(null)])
    assert.throws(() => parseSpiffeBundle(text), { code: 'BAD_BUNDLE' }, text);
});

test('no text makes it fail otherwise than by its code', () => {
  const part = fc.anything({ withNullPrototype: false, maxDepth: 3 });
  const bundle = fc.record({ keys: fc.array(fc.record({ use: fc.constant('x509-svid'), x5c: part })) });
  const written = fc.oneof(
    fc.string(),
    fc.json(),
    bundle.map((value) => JSON.stringify(value)),
  );
  fc.assert(fc.property(written, (text) => assert.throws(() => parseSpiffeBundle(text), { code: 'BAD_BUNDLE' })));
});
