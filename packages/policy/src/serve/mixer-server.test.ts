// Mixer on the wire: checks with quotas, reports, and configuration that changes while it serves.
import assert from 'node:assert/strict';
import test from 'node:test';

import { create } from '@bufbuild/protobuf';
import { CompressedAttributesSchema } from '@meltemi/api/istio/mixer/v1/attributes_pb';
import { ReportRequestSchema } from '@meltemi/api/istio/mixer/v1/mixer_pb';

import { encodeReports } from '../attributes/delta-report.ts';
import { decodeReferences } from '../attributes/referenced-attributes.ts';
import type { Value } from '../values/value.ts';

import { mixerWorld } from './mixer-world.fixture.ts';

const POLICY = `
apiVersion: config.istio.io/v1alpha2
kind: denier
metadata: {name: no, namespace: istio-system}
spec: {status: {code: 7, message: Not allowed}, validDuration: 1.5s, validUseCount: 3}
---
apiVersion: config.istio.io/v1alpha2
kind: checknothing
metadata: {name: all, namespace: istio-system}
spec: {}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: deny, namespace: istio-system}
spec:
  match: source.labels["version"] == "v3"
  actions: [{handler: no.denier, instances: [all.checknothing]}]
---
apiVersion: config.istio.io/v1alpha2
kind: memquota
metadata: {name: limits, namespace: istio-system}
spec: {quotas: [{name: requestcount.quota.istio-system, maxAmount: 5, validDuration: 10s}]}
---
apiVersion: config.istio.io/v1alpha2
kind: quota
metadata: {name: requestcount, namespace: istio-system}
spec: {dimensions: {user: source.user | "nobody"}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: limit, namespace: istio-system}
spec: {actions: [{handler: limits.memquota, instances: [requestcount.quota]}]}
---
apiVersion: config.istio.io/v1alpha2
kind: stdio
metadata: {name: out, namespace: istio-system}
spec: {}
---
apiVersion: config.istio.io/v1alpha2
kind: logentry
metadata: {name: access, namespace: istio-system}
spec: {severity: '"info"', timestamp: request.time, variables: {path: request.path, size: request.size | 0}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: log, namespace: istio-system}
spec: {match: response.code == 200, actions: [{handler: out.stdio, instances: [access.logentry]}]}
`;

const V3 = { 'source.labels': new Map([['version', 'v3']]) };

test('a check says its status, how long it holds and by which attributes', async () => {
  await using mixer = await mixerWorld(POLICY);
  const { precondition, quotas } = await mixer.check(V3, { quotas: { requestcount: { amount: 1n } } });
  assert.deepEqual(
    [precondition!.status!.code, precondition!.status!.message],
    [7, 'no.denier.istio-system:Not allowed'],
  );
  assert.deepEqual([precondition!.validDuration!.seconds, precondition!.validDuration!.nanos], [1n, 500_000_000]);
  assert.equal(precondition!.validUseCount, 3);
  assert.deepEqual(decodeReferences(precondition!.referencedAttributes!), [
    { name: 'source.labels', mapKey: 'version', condition: 'EXACT' },
  ]);
  assert.deepEqual(quotas, {}, 'no quota is taken for a request that is refused');
});

test('quotas are taken with a check, once for each deduplication id', async () => {
  await using mixer = await mixerWorld(POLICY);
  const take = async (deduplicationId: string, amount: bigint, bestEffort = false) => {
    const quotas = { requestcount: { amount, bestEffort } };
    const response = await mixer.check({ 'source.user': 'a' }, { deduplicationId, quotas });
    return Number(response.quotas['requestcount']!.grantedAmount);
  };
  assert.deepEqual([await take('1', 3n), await take('1', 3n), await take('2', 3n)], [3, 3, 0]);
  assert.equal(await take('3', 9n, true), 2);
  mixer.clock.advance(11_000);
  const { quotas } = await mixer.check({}, { quotas: { requestcount: { amount: 2n }, unknown: { amount: 7n } } });
  assert.deepEqual([quotas['requestcount']!.grantedAmount, quotas['unknown']!.grantedAmount], [2n, 7n]);
  assert.equal(quotas['requestcount']!.validDuration!.seconds, 10n);
  assert.deepEqual(
    decodeReferences(quotas['requestcount']!.referencedAttributes!).map(({ condition }) => condition),
    ['ABSENCE'],
  );
});

test('words that the client does not know come back in the message', async () => {
  await using mixer = await mixerWorld(POLICY);
  const { precondition } = await mixer.check(V3, { globalWordCount: 0 });
  assert.deepEqual(precondition!.referencedAttributes!.words, ['source.labels', 'version']);
});

test('each element of a report changes the one before it', async () => {
  await using mixer = await mixerWorld(POLICY);
  const first = new Map<string, Value>([
    ['request.path', '/a'],
    ['response.code', 200n],
    ['request.time', { kind: 'timestamp', nanoseconds: 0n }],
  ]);
  const requests = [first, new Map([...first, ['request.size', 7n]]), new Map([...first, ['response.code', 404n]])];
  for (const report of encodeReports(requests)) await mixer.report(report);
  const written = mixer.lines.map((line) => JSON.parse(line) as { path: string; size: number });
  assert.deepEqual(
    written.map(({ path, size }) => [path, size]),
    [
      ['/a', 0],
      ['/a', 7],
    ],
  );
});

test('messages that make no sense are refused', async () => {
  await using mixer = await mixerWorld(POLICY);
  const bad = create(CompressedAttributesSchema, { strings: { [-9]: -9 } });
  await assert.rejects(mixer.send({ attributes: bad }), { code: 3 });
  await assert.rejects(mixer.report(create(ReportRequestSchema, { attributes: [bad] })), { code: 2 });
  const { precondition } = await mixer.send({});
  assert.equal(precondition!.status!.code, 0);
});

test('a new policy holds without a restart, and handlers that stay keep their counts', async () => {
  await using mixer = await mixerWorld(POLICY);
  const take = async (amount: bigint) =>
    (await mixer.check({}, { quotas: { requestcount: { amount } } })).quotas['requestcount']!.grantedAmount;
  assert.equal(await take(4n), 4n);
  await mixer.rewrite(POLICY.replace('== "v3"', '== "v2"'));
  assert.equal((await mixer.check(V3)).precondition!.status!.code, 0);
  assert.equal(await take(4n), 0n);
});

test('what goes bad is served as it last was good, and counted', async () => {
  await using mixer = await mixerWorld(POLICY);
  await mixer.rewrite(POLICY.replace('source.labels["version"]', 'source.lables["version"]'));
  assert.equal((await mixer.check(V3)).precondition!.status!.code, 7);
  const metrics = await fetch(`http://127.0.0.1:${mixer.server.monitoringPort}/metrics`);
  const text = await metrics.text();
  assert.match(text, /^mixer_config_errors_total 1$/m);
  assert.match(
    text,
    /^grpc_server_handled_total\{grpc_code="OK",grpc_method="Check",grpc_service="istio.mixer.v1.Mixer",grpc_type="unary"\} 1$/m,
  );
  assert.match(mixer.server.policy.current.problems[0]!.message, /unknown attribute source.lables/);
});

test('a file that can not be read any more is said, and what it held goes on', async () => {
  await using mixer = await mixerWorld(POLICY);
  await mixer.rewrite(`${POLICY}\n---\n  a: [`);
  assert.equal((await mixer.check(V3)).precondition!.status!.code, 7);
  assert.ok(mixer.server.policy.current.problems.length > 0);
});
