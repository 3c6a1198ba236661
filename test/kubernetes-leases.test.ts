// Of two that ask for a lease one leads, and tokens are reviewed, by a real API server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLogger, systemClock, systemDice } from '@meltemi/base';
import { KubeClient, LeaderLease, readKubeconfig } from '@meltemi/config';
import { tokenReviewAttestor } from '@meltemi/identity';
import { reachPort, serviceAccount } from '@meltemi/testkit';
import { createObject } from './support/create-object.ts';
import { type KubeWorld, reasonAgainstKubernetes, startKubeWorld } from './support/kube-world.ts';

const skip = reasonAgainstKubernetes();
const clock = systemClock();
const DURATION_MS = 3000;

let world: KubeWorld;

before(async () => {
  if (!skip) world = await startKubeWorld();
});

after(() => world?.close());

/** One that asks; `next` resolves with what it is told next. */
function asking(identity: string, client: KubeClient) {
  const told: boolean[] = [];
  let waiting = Promise.withResolvers<boolean>();
  const lease = new LeaderLease({
    client,
    namespace: 'default',
    name: 'one',
    identity,
    clock,
    dice: systemDice(),
    logger: silentLogger,
    durationMs: DURATION_MS,
    onChange(leads) {
      told.push(leads);
      waiting.resolve(leads);
      waiting = Promise.withResolvers<boolean>();
    },
  });
  return { lease, told, next: () => waiting.promise };
}

test('one leads; when it goes or is cut off, the other does, and never both', { skip, timeout: 60_000 }, async (t) => {
  const { client, reached, kubernetes } = world;
  const first = asking('first', client);
  t.after(() => first.lease.close());
  assert.equal(await first.next(), true);
  // The second has a way of its own, which is not cut.
  const other = await reachPort(world.sandbox, 6443);
  const access = { ...readKubeconfig(kubernetes.kubeconfig), server: `https://127.0.0.1:${other.port}` };
  const secondClient = new KubeClient({ access });
  const second = asking('second', secondClient);
  t.after(async () => {
    reached.set('whole');
    await second.lease.close();
    secondClient.close();
    other.close();
  });
  const lost = first.next();
  const won = second.next();
  reached.set('cut');
  assert.equal(await lost, false);
  assert.deepEqual(second.told, []);
  assert.equal(await won, true);
  reached.set('whole');
  const again = first.next();
  await second.lease.close();
  assert.equal(await again, true);
  assert.equal(second.lease.leads, false);
});

test('a token for us is its account, when the cluster says so', { skip, timeout: 30_000 }, async () => {
  const { client } = world;
  await createObject(client, serviceAccount('default', 'reviews'));
  const path = '/api/v1/namespaces/default/serviceaccounts/reviews';
  const tokenFor = async (audience: string) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [audience] } };
    const answer = await client.request({ method: 'POST', path: `${path}/token`, body });
    return (answer as { readonly status: { readonly token: string } }).status.token;
  };
  const attestor = tokenReviewAttestor({
    trustDomain: 'cluster.local',
    review: (body) => client.request({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body }),
  });
  const token = await tokenFor('istio-ca');
  const attest = (word: string) => attestor.attest({ authorization: `Bearer ${word}` });
  const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' };
  assert.deepEqual(await attest(token), identity);
  await assert.rejects(attest(await tokenFor('api')), { code: 'BAD_PROOF' });
  await assert.rejects(attest('admin-token'), { code: 'BAD_PROOF' });
  await assert.rejects(attest(`${token}x`), { code: 'BAD_PROOF' });
});
