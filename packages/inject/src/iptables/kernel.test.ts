// The plans in a real kernel: each in a network namespace of its own, which only root may make.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { applyPlan, removePlan, type RunProgram } from './apply-plan.ts';
import { networkNamespace, reasonAgainstNamespaces, runIn } from './network-namespace.testing.ts';
import { noCases, planOf, readRecorded, recordedCases } from './recorded-cases.testing.ts';

const PROGRAM = join(import.meta.dirname, '../../../../bin/istio-iptables.ts');
const cannot = reasonAgainstNamespaces();
const saved = recordedCases.filter(({ expectedSave }) => expectedSave !== undefined);

test('the kernel can be asked', { skip: cannot || noCases }, () => {
  assert.equal(saved.length, 15);
});

for (const recorded of saved) {
  test(`the kernel keeps the rules of ${recorded.name}`, { skip: cannot }, async (context) => {
    const run = runIn(networkNamespace(context));
    await applyPlan(planOf(recorded), run);
    const { stdout } = await run('iptables-save', []);
    assert.deepEqual(tablesWithRules(stdout), tablesWithRules(readRecorded(recorded.expectedSave!.ipv4)));
  });
}

for (const name of ['0.2.2-default', 'tproxy', 'ipnets-with-kube-virt-interfaces']) {
  test(`${name} is applied once and taken out whole`, { skip: cannot || noCases }, async (context) => {
    const run = runIn(networkNamespace(context));
    const plan = planOf(recordedCases.find((recorded) => recorded.name === name)!);
    await run('iptables', ['-t', 'nat', '-A', 'OUTPUT', '-o', 'eth9', '-j', 'ACCEPT']);
    const before = await stateOf(run);
    assert.equal(await applyPlan(plan, run), 'applied');
    const applied = await stateOf(run);
    assert.equal(await applyPlan(plan, run), 'unchanged');
    assert.deepEqual(await stateOf(run), applied);
    await removePlan(plan, run);
    assert.deepEqual(await stateOf(run), before);
    await removePlan(plan, run);
  });
}

test('the program applies, replaces and cleans up what its flags say', { skip: cannot }, async (context) => {
  const run = runIn(networkNamespace(context));
  const program = (...args: readonly string[]) => run(process.execPath, [PROGRAM, ...args]);
  const before = await stateOf(run);
  assert.deepEqual(await program('-b', '*', '-i', '*'), { code: 0, stdout: '', stderr: '' });
  const first = (await stateOf(run))[0]!;
  assert.match(first, /-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT\n/);
  assert.equal((await program('--rules-of-0.2', '-i', '10.0.0.0/8')).code, 0);
  const second = (await stateOf(run))[0]!;
  assert.match(second, /redirect-ip-range-10\.0\.0\.0\/8/);
  assert.doesNotMatch(second, /ISTIO_IN_REDIRECT/);
  assert.equal((await program('--cleanup')).code, 0);
  assert.deepEqual(await stateOf(run), before);
  const wrong = await program('-i', 'everywhere');
  assert.deepEqual([wrong.code, wrong.stderr.split(':')[0]], [1, 'istio-iptables']);
  assert.match((await program('--dry-run', '-u', '7')).stdout, /--uid-owner 7 -j RETURN\n/);
});

async function stateOf(run: RunProgram): Promise<readonly string[]> {
  const [v4, v6] = [await run('iptables-save', []), await run('ip6tables-save', [])];
  const rules = await run('ip', ['rule']);
  const routes = await run('ip', ['route', 'show', 'table', 'all', 'type', 'local', 'default']);
  return [tablesWithRules(v4.stdout).join('\n'), tablesWithRules(v6.stdout).join('\n'), rules.stdout, routes.stdout];
}

/** Kernels differ in their own chains and counters, in tables without rules, and in the order of tables. */
function tablesWithRules(text: string): readonly string[] {
  return text
    .split(/^(?=\*)/m)
    .filter((table) => /^-A /m.test(table))
    .sort()
    .flatMap((table) => table.split('\n').filter((line) => /^(\*|-A |:ISTIO_)/.test(line)))
    .map((line) => line.replace(/\[\d+:\d+\]/, '[0:0]'));
}
