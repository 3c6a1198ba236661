// The store over a real API server: opened whole, followed, and never emptied by restarts, cuts and forgotten history.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLogger, systemClock, systemDice } from '@meltemi/base';
import { type ConfigView, type KubeClient, KubeStore } from '@meltemi/config';
import { namespace, pod, type PodFacts, runningStatus } from '@meltemi/testkit';
import { type KubeWorld, reasonAgainstKubernetes, startKubeWorld } from './support/kube-world.ts';
import { viewThat } from './support/view-that.ts';

const skip = reasonAgainstKubernetes();
const clock = systemClock();
const PODS = 1000;
const IN_FLIGHT = 32;
/** A watch that says nothing for so long is begun again. */
const SILENCE_MS = 3000;

let world: KubeWorld;
let client: KubeClient;
let store: KubeStore;
const seen: number[] = [];
const warnings: string[] = [];
const logger = createLogger({ level: 'warn', write: (line) => warnings.push(line), now: () => clock.now() });

const podNamed = (index: number): PodFacts => ({
  namespace: 'shop',
  name: `web-${index}`,
  app: 'web',
  version: 'v1',
  address: `10.1.${index >> 8}.${index & 255}`,
});

before(async () => {
  if (skip) return;
  world = await startKubeWorld(SILENCE_MS);
  client = world.client;
});

after(async () => {
  store?.close();
  await world?.close();
});

const until = (holds: (view: ConfigView) => boolean) => viewThat(store, holds);

const has = (name: string) => (view: ConfigView) => view.objects('Pod').some(({ metadata }) => metadata.name === name);

async function createPod(facts: PodFacts): Promise<void> {
  const object = pod(facts);
  const path = `/api/v1/namespaces/${facts.namespace}/pods`;
  await client.request({ method: 'POST', path, body: object });
  const body = { status: runningStatus(facts) };
  await client.request({ method: 'PATCH', path: `${path}/${facts.name}/status`, body });
}

test('a store is open when a thousand pods are read, in pages', { skip }, async () => {
  await client.request({ method: 'POST', path: '/api/v1/namespaces', body: namespace('shop') });
  const left = Array.from({ length: PODS }, (_, index) => podNamed(index));
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) await createPod(next);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  const begin = performance.now();
  store = await KubeStore.open({ client, clock, dice: systemDice(), logger });
  assert.ok(performance.now() - begin < 10_000);
  assert.equal(store.view().objects('Pod').length, PODS);
  const first = store
    .view()
    .objects('Pod')
    .find(({ metadata }) => metadata.name === 'web-258')!;
  assert.deepEqual(first.status, {
    phase: 'Running',
    podIP: '10.1.1.2',
    conditions: [{ type: 'Ready', status: 'True' }],
  });
  assert.equal(first.source.file, 'kubernetes/pods/shop/web-258');
  store.watch((view) => seen.push(view.objects('Pod').length));
});

test('what comes, changes and goes is followed; what says the same is no change', { skip }, async () => {
  await createPod(podNamed(PODS));
  await until((view) => view.objects('Pod').some(({ status }) => status.podIP === podNamed(PODS).address));
  const path = `/api/v1/namespaces/shop/pods/${podNamed(PODS).name}`;
  const { version } = store.view();
  const body = { status: { message: 'the mesh does not read this' } };
  await client.request({ method: 'PATCH', path: `${path}/status`, body });
  await client.request({ method: 'DELETE', path: `${path}?gracePeriodSeconds=0` });
  await until((view) => view.objects('Pod').length === PODS);
  assert.notEqual(store.view().version, version);
});

test('a cut network and a stalled one lose nothing', { skip, timeout: 60_000 }, async () => {
  const { reached, kubernetes } = world;
  reached.set('cut');
  await kubernetes.client.create(pod(podNamed(2000)));
  reached.set('whole');
  await until(has('web-2000'));
  reached.set('stalled');
  await kubernetes.client.create(pod(podNamed(2001)));
  reached.set('whole');
  await until(has('web-2001'));
  assert.ok(Math.min(...seen) >= PODS, `pods seen: ${seen.join(' ')}`);
});

test('a server that comes back without its history is read again', { skip, timeout: 60_000 }, async () => {
  const { reached, kubernetes } = world;
  reached.set('cut');
  await kubernetes.client.delete(pod(podNamed(0)));
  await kubernetes.client.create(pod(podNamed(2002)));
  await kubernetes.stop();
  await kubernetes.start();
  reached.set('whole');
  await until((view) => has('web-2002')(view) && !has('web-0')(view));
  assert.ok(
    warnings.some((line) => line.includes('listing again')),
    warnings.join('\n'),
  );
  assert.ok(Math.min(...seen) >= PODS, `pods seen: ${seen.join(' ')}`);
});
