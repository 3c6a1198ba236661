// Chains of BetterTLS, shown by its own server, are judged as its authors say: https://github.com/Netflix/bettertls.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { reasonAgainstSandbox, Sandbox } from '@meltemi/testkit';

const bettertls = process.env['MELTEMI_BETTERTLS'];
const skip = bettertls ? reasonAgainstSandbox() : 'no BetterTLS in MELTEMI_BETTERTLS';
/** Of the name constraints, which are combinations of few parts, one in so many. */
const SAMPLE = 24;

const START_DEADLINE_MS = 30_000;
const POLL_MS = 50;

interface TestCase {
  readonly id: number;
  readonly suite: string;
  readonly hostname: string;
  readonly expected: 'ACCEPT' | 'REJECT';
  readonly requiredFeatures: readonly string[];
}

interface Export {
  readonly suites: Readonly<Record<'nameconstraints' | 'pathbuilding', { readonly testCases: readonly TestCase[] }>>;
}

test('no chain is accepted that should not be', { skip, timeout: 120_000 }, async (context) => {
  const sandbox = await Sandbox.start();
  context.after(() => sandbox.close());
  const file = join(sandbox.directory, 'cases.json');
  execFileSync(bettertls!, ['export-tests', '--out', file]);
  const { nameconstraints, pathbuilding } = (JSON.parse(readFileSync(file, 'utf8')) as Export).suites;
  const cases = [...pathbuilding.testCases, ...nameconstraints.testCases.filter(({ id }) => id % SAMPLE === 0)];
  sandbox.run({ command: [bettertls!, 'server'], log: join(sandbox.directory, 'bettertls.log') });
  await serving(sandbox);
  const asked = cases.map(({ suite, id: testCase, hostname }) => ({ suite, testCase, hostname }));
  const script = join(import.meta.dirname, 'better-tls.fixture.ts');
  const accepted = JSON.parse(
    await sandbox.complete({ command: [process.execPath, script, JSON.stringify(asked)] }),
  ) as readonly boolean[];
  const wrong = cases.filter(({ expected }, index) => (expected === 'ACCEPT') !== accepted[index]);
  const named = (found: readonly TestCase[]) => found.map(({ suite, id }) => `${suite} ${id}`);
  assert.ok(cases.length > 450 && accepted.filter(Boolean).length > 40, 'it saw chains of both kinds');
  assert.deepEqual(named(wrong.filter(({ expected }) => expected === 'REJECT')), [], 'accepted, and should not be');
  // OpenSSL follows one path up; where that ends badly, it does not try another that the peer sent. Where a certificate
  // has an address and no DNS name, it holds the common name to what is said of DNS names.
  const stricter = ({ requiredFeatures, hostname }: TestCase) =>
    requiredFeatures.includes('BRANCHING') || hostname === '127.0.0.1';
  const others = wrong.filter((each) => !stricter(each));
  assert.deepEqual(named(others), [], 'refused, and should not be');
});

async function serving(sandbox: Sandbox): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while ((await sandbox.fetch('http://127.0.0.1:8080/root.pem').catch(() => undefined))?.status !== 200) {
    if (performance.now() > deadline) throw new Error('the server of BetterTLS does not answer');
    await delay(POLL_MS);
  }
}
