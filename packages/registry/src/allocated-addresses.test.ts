// Addresses that nobody wrote: the same for the same names, each one's own, and those that a status names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocatedAddresses } from './allocated-addresses.ts';
import { readRegistry } from './registry-store.ts';
import { storeOf, viewOf } from './test-view.ts';

const name = fc.record({
  host: fc.stringMatching(/^[a-z]{1,3}\.example$/),
  namespace: fc.constantFrom('default', 'other'),
});

test('each name has addresses of its own, which nobody else has, and that its order does not change', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 300 }), fc.uniqueArray(fc.nat(60_000)), (names, numbers) => {
      const taken = new Set(numbers.map((number) => `240.240.${Math.trunc(number / 255)}.${number % 255}`));
      const all = allocatedAddresses(names, taken);
      const given = [...all.values()].flat();
      assert.equal(all.size, new Set(names.map(({ namespace, host }) => `${namespace}/${host}`)).size);
      assert.equal(new Set(given).size, given.length);
      assert.ok(given.every((address) => !taken.has(address) && !address.endsWith('.255') && !address.endsWith('.0')));
      assert.deepEqual(allocatedAddresses(names.toReversed(), taken), all);
    }),
    { numRuns: 50 },
  );
});

const entry = (host: string, more = '', metadata = '') => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${host}${metadata}}
spec: {hosts: ['${host}'], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC${more}}`;

test('a status says the address; who has one, looks up none or wants none gets none', async () => {
  const view = await viewOf(
    `${entry('said.example')}\nstatus: {addresses: [{host: said.example, value: 240.240.0.7}, {host: said.example, value: '2001:2::7'}]}`,
    entry('hashed.example'),
    entry('own.example', ', addresses: [192.0.2.1]'),
    entry('dialled.example').replace('STATIC', 'NONE'),
    entry('unwilling.example', '', ", labels: {networking.istio.io/enable-autoallocate-ip: 'false'}"),
  );
  const registry = readRegistry({ config: storeOf(view), domain: 'cluster.local' });
  const allocated = (host: string) => registry.service(host)?.allocated;
  assert.deepEqual(allocated('said.example'), ['240.240.0.7', '2001:2::7']);
  assert.match(allocated('hashed.example')?.[0] ?? '', /^240\.240\./);
  for (const host of ['own.example', 'dialled.example', 'unwilling.example']) assert.equal(allocated(host), undefined);
});

test('a host of two namespaces is two services, each with its own endpoints', async () => {
  const at = (namespace: string, address: string) =>
    entry('shared.example', `, endpoints: [{address: ${address}}]`, `, namespace: ${namespace}`);
  const config = storeOf(await viewOf(at('one', '10.0.0.1'), at('two', '10.0.0.2')));
  const registry = readRegistry({ config, domain: 'cluster.local' });
  assert.deepEqual(
    registry.services.map(({ namespace }) => namespace),
    ['one', 'two'],
  );
  assert.deepEqual(
    ['one', 'two'].map((namespace) => registry.instances('shared.example', 80, namespace)[0]?.address.host),
    ['10.0.0.1', '10.0.0.2'],
  );
});
