import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import { ManualClock, silentLogger } from '@meltemi/base';
import { type BundleSource, FederatedBundles } from './federated-bundles.ts';
import { newRootKey } from './own-root.ts';
import { signRoot } from './signer.ts';
import { spiffeBundle } from './spiffe-bundle.ts';

const life = { organization: 'a.example', notBefore: 0, notAfter: Date.UTC(2040, 0) };
const newRoot = () => signRoot(createPrivateKey(newRootKey()), life);
const [own, first, second] = await Promise.all([newRoot(), newRoot(), newRoot()]);
const url = 'https://south.example/';

/** `served`: what the endpoint answers, which a test may change; an Error: it does not answer. */
function bundlesOf(sources: readonly BundleSource[], served: { text: string | Error } = { text: '' }) {
  const clock = new ManualClock(0);
  const asked: string[] = [];
  const bundles = new FederatedBundles({
    ownDomains: ['north.example', 'old.example'],
    ownRoots: () => own,
    sources,
    async fetch(from) {
      asked.push(from);
      if (served.text instanceof Error) throw served.text;
      return served.text;
    },
    clock,
    logger: silentLogger,
  });
  return { bundles, clock, asked };
}

/** Until what was asked was answered. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
const told = ({ current }: FederatedBundles) =>
  Object.fromEntries(current.map((each) => [each.trustDomain, each.roots]));

test('without sources there are no bundles: the roots are for all peers', () => {
  assert.deepEqual(bundlesOf([]).bundles.current, []);
});

test('roots are for the domains that are named, or for the own by all of its names', () => {
  const { bundles } = bundlesOf([
    { trustDomains: ['south.example'], roots: first, url: '' },
    { trustDomains: [], roots: second, url: '' },
  ]);
  const ours = `${own}${second}`;
  assert.deepEqual(told(bundles), { 'north.example': ours, 'old.example': ours, 'south.example': first });
});

test('an endpoint is asked again and again; what was good stays while it is not', async () => {
  const served: { text: string | Error } = { text: new Error('away') };
  const { bundles, clock, asked } = bundlesOf([{ trustDomains: ['south.example'], roots: undefined, url }], served);
  let changes = 0;
  bundles.watch(() => changes++);
  const later = async (text: string | Error, ms: number) => {
    served.text = text;
    clock.advance(ms);
    await settled();
    return told(bundles)['south.example'];
  };
  await settled();
  assert.equal(told(bundles)['south.example'], undefined);
  assert.equal(await later(spiffeBundle(first), 1000), first);
  assert.equal(await later(new Error('away'), 300_000), first);
  assert.equal(await later('{}', 1000), first);
  assert.equal(await later(spiffeBundle(second), 2000), second);
  assert.deepEqual([changes, asked.length], [2, 5]);
  bundles.close();
  await later(spiffeBundle(first), 600_000);
  assert.equal(asked.length, 5);
});
