// The real `istioctl analyze` and ours find the same in the same objects: in files, and in a running cluster.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { istioctl } from '@meltemi/cli';
import { resourceDefinitions } from '@meltemi/config';
import { ANALYSIS_CASES, analyzedWorld, type KubeObject, namespace } from '@meltemi/testkit';
import fc from 'fast-check';
import { type BothTold, unexplained } from './support/analysis-differences.ts';
import { createObject } from './support/create-object.ts';
import { type KubeWorld, reasonAgainstKubernetes, startKubeWorld } from './support/kube-world.ts';
import { randomAnalyzed } from './support/random-analyzed.ts';

const program = process.env['MELTEMI_REAL_ISTIOCTL'];
const skip = program ? false : 'no MELTEMI_REAL_ISTIOCTL';
const skipLive = skip || reasonAgainstKubernetes();
const FILES = Number(process.env['MELTEMI_ANALYZED_FILES'] ?? 60);
const IN_FLIGHT = 16;

const directory = mkdtempSync(join(tmpdir(), 'analyze-'));
let world: KubeWorld;
before(async () => {
  if (!skipLive) world = await startKubeWorld();
});
after(async () => {
  await world?.close();
  rmSync(directory, { recursive: true });
});

interface Message {
  readonly code: string;
  readonly origin: string;
}

const keysOf = (written: string): ReadonlySet<string> =>
  new Set((JSON.parse(written || '[]') as readonly Message[]).map(({ code, origin }) => `${code} ${origin}`));

function fileOf(objects: readonly KubeObject[]): string {
  const file = join(directory, 'objects.yaml');
  writeFileSync(file, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  return file;
}

async function ours(file: string): Promise<ReadonlySet<string>> {
  const [out, error]: [string[], string[]] = [[], []];
  const words = ['analyze', '--use-kube=false', '-A', '-o', 'json', file];
  const code = await istioctl(words, {
    out: (text) => void out.push(text),
    error: (text) => void error.push(text),
    readStdin: () => Promise.resolve(''),
    clock: new ManualClock(Date.now()),
    configDir: directory,
    version: '1',
  });
  assert.equal(code, 0, error.join(''));
  return keysOf(out.join(''));
}

function istios(file: string): Promise<ReadonlySet<string>> {
  const words = ['analyze', '--use-kube=false', '-A', '-o', 'json', file];
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlySet<string>>();
  execFile(program!, words, { timeout: 30_000 }, (error, stdout) => (error ? reject(error) : resolve(keysOf(stdout))));
  return promise;
}

/** Without a cluster Istio's own leaves out what looks at pods, services or secrets; ours looks at those in the files. */
const FROM_FILES = /^IST0(002|106|109|128|129|13[0-48]|15[1-57]|160|165|177) /;
async function inFiles(objects: readonly KubeObject[]): Promise<BothTold> {
  const file = fileOf(objects);
  const [mine, theirs] = await Promise.all([ours(file), istios(file)]);
  return { ours: mine, istio: theirs };
}

test('in files, the cases', { skip }, async () => {
  const both = await inFiles(analyzedWorld(ANALYSIS_CASES));
  assert.ok(both.istio.size > 20, `${both.istio.size} findings`);
  assert.deepEqual(unexplained(both, FROM_FILES), []);
});

test(`in files, ${FILES} random worlds`, { skip, timeout: 120_000 }, async () => {
  let told = 0;
  const property = fc.asyncProperty(randomAnalyzed, async (objects) => {
    const both = await inFiles(unique(objects));
    told += both.istio.size;
    assert.deepEqual(unexplained(both, FROM_FILES), []);
  });
  await fc.assert(property, { numRuns: FILES });
  assert.ok(told > FILES, `${told} findings`);
});

test('in a cluster, the cases and random objects', { skip: skipLive, timeout: 120_000 }, async () => {
  const random = fc
    .sample(randomAnalyzed, { seed: 7, numRuns: 4 })
    .flatMap((objects, index) => renamed(objects, index));
  const objects = [...analyzedWorld(ANALYSIS_CASES), ...unique(random)];
  await createAll(objects);
  const own = new Set(objects.map(({ metadata: { namespace: at, name } }) => at ?? name));
  const kubeconfig = join(world.sandbox.directory, 'kubernetes/kubeconfig');
  const words = ['--kubeconfig', kubeconfig, 'analyze', '-A', '-o', 'json'];
  const { code, stdout, stderr } = await world.sandbox
    .run({ command: [program!, ...words], env: { HOME: world.sandbox.directory } })
    .ended();
  assert.equal(code, 0, stderr);
  const istio = new Set([...keysOf(stdout)].filter((key) => own.has(key.split(/[ /]/)[2]!)));
  assert.ok(istio.size > 100, `${istio.size} findings`);
  assert.deepEqual(unexplained({ istio, ours: await ours(fileOf(objects)) }), []);
});

async function createAll(objects: readonly KubeObject[]): Promise<void> {
  const { client } = world;
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await Promise.all(resourceDefinitions().map((body) => client.request({ method: 'POST', path, body })));
  const namespaces = objects.filter(({ kind }) => kind === 'Namespace');
  for (const one of [namespace('istio-system'), ...namespaces]) await createObject(client, one);
  const left = objects.filter(({ kind }) => kind !== 'Namespace');
  const work = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) await createObject(client, next);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}

/** Of several of one name the first: the API server takes no second. */
function unique(objects: readonly KubeObject[]): readonly KubeObject[] {
  const keyOf = ({ kind, metadata }: KubeObject): string => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
  return [...new Map(objects.toReversed().map((one) => [keyOf(one), one])).values()].toReversed();
}

/** The same world in other namespaces, so that several stand beside each other. */
function renamed(objects: readonly KubeObject[], index: number): readonly KubeObject[] {
  const text = JSON.stringify(objects).replaceAll(/\b(r-one|r-two|random)\b/g, `$1${index}`);
  return JSON.parse(text) as KubeObject[];
}
