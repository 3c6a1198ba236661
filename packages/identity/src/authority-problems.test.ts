import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrivateKey } from 'node:crypto';
import { authorityProblems } from './authority-problems.ts';
import { newRootKey } from './own-root.ts';
import { signRoot } from './signer.ts';

const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2030, 0, 1);
const rootUntil = (notAfter: number) =>
  signRoot(createPrivateKey(newRootKey()), { organization: 'a', notBefore: 0, notAfter });
const long = await rootUntil(NOW + 100 * DAY);
const said = (roots: string, signerEnd: number) =>
  authorityProblems({ roots, signerEnd }, NOW).map(({ severity, message }) => `${severity}: ${message}`);

test('what ends within a month is said by its date, long before it ends', async () => {
  const soon = await rootUntil(NOW + 29 * DAY);
  assert.deepEqual(said(long, NOW + 100 * DAY), []);
  assert.deepEqual(said(long, NOW + 29 * DAY), [
    'warning: the signing certificate ends on 2030-01-30: exchange it (istio_ca root prepare)',
  ]);
  assert.deepEqual(said(`${long}${soon}`, NOW + 100 * DAY), [
    'warning: a root certificate that peers are told to trust ends on 2030-01-30',
  ]);
  assert.deepEqual(said(long, NOW), ['error: the signing certificate ended on 2030-01-01: nothing can be signed']);
});
