// What zlint, a linter of certificates that others wrote, says of what the authority signs.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@meltemi/base';
import { newRootContent, openCertificateAuthority } from './certificate-authority.ts';
import { pemBlocks } from './pem.ts';
import { prepareRoot } from './root-rotation.ts';

const zlint = process.env['MELTEMI_ZLINT'] ?? 'zlint';
const skip = spawnSync(zlint, ['-version']).error ? 'no zlint in MELTEMI_ZLINT or PATH' : false;
/** Rules of the IETF; those of browsers' authorities ask for names that workloads do not have. */
const SOURCES = 'RFC5280,RFC5480,RFC8813';

test('leaves, servers and roots have no finding', { skip }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-lint-'));
  t.after(() => rm(directory, { recursive: true }));
  const clock = systemClock();
  const trustDomain = 'cluster.local';
  const authority = await openCertificateAuthority({ directory, trustDomain, clock });
  await prepareRoot(directory, newRootContent(trustDomain, clock.now()));
  await authority.reload();
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  const identity = { trustDomain, namespace: 'default', serviceAccount: 'reviews' };
  const ttlMs = 3_600_000;
  const issued = [
    await authority.issue({ publicKey: ec, identity, ttlMs }),
    await authority.issue({ publicKey: rsa, identity, ttlMs }),
    await authority.issueServer({ publicKey: ec, names: ['istiod.istio-system.svc', '127.0.0.1'], ttlMs }),
  ];
  for (const pem of [...issued.map(({ chain }) => chain[0]!), ...pemBlocks(authority.roots, 'CERTIFICATE')])
    assert.deepEqual(await findings(directory, pem), []);
});

async function findings(directory: string, pem: string): Promise<readonly string[]> {
  const path = join(directory, 'certificate.pem');
  await writeFile(path, pem);
  const output = execFileSync(zlint, ['-includeSources', SOURCES, path], { encoding: 'utf8' });
  const lints = JSON.parse(output) as Readonly<Record<string, { readonly result: string }>>;
  const entries = Object.entries(lints);
  assert.ok(entries.length > 50, 'it looked');
  return entries
    .filter(([, { result }]) => !['pass', 'NA', 'NE'].includes(result))
    .map(([name, { result }]) => `${name}: ${result}`);
}
