// Every code that analyzers find: a bad object has it, a good one beside it has not, and its own annotation silences it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type AnalysisCase, ANALYSIS_CASES, analyzedWorld, caseWorld, namespaceOf } from '@meltemi/testkit';
import type { Problem } from '@meltemi/base';

import { buildView } from '../build-view.ts';
import { decodeResource } from '../decode-resource.ts';
import { parseDocuments } from '../document.ts';
import { CODE } from '../problem-code.ts';
import { analyzeView } from './analyze.ts';
import { ANALYZERS } from './analyzers.ts';
import { SUPPRESS } from './suppression.ts';

function analyzed(objects: readonly object[]): readonly Problem[] {
  const text = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  const decoded = parseDocuments(text, 'f.yaml').documents.map((document) => decodeResource(document));
  assert.deepEqual(
    decoded.flatMap(({ problems }) => problems.filter(({ severity }) => severity === 'error')),
    [],
  );
  const resources = decoded.flatMap(({ resource }) => resource ?? []);
  return analyzeView(buildView(resources, []), ANALYZERS, { now: Date.UTC(2030, 0) });
}

function toldIn({ code, ...one }: AnalysisCase, problems: readonly Problem[]): readonly string[] {
  const namespace = namespaceOf({ code, ...one });
  const own = problems.filter((problem) => problem.code === code && problem.resource);
  const names = own.flatMap(({ resource }) => {
    if (resource!.kind === 'Namespace') return resource!.name === namespace ? ['Namespace'] : [];
    return resource!.namespace === namespace ? [`${resource!.kind} ${resource!.name}`] : [];
  });
  return [...new Set(names)].toSorted();
}

for (const one of ANALYSIS_CASES) {
  test(`${one.code} ${one.name}`, () => {
    assert.deepEqual(toldIn(one, analyzed(caseWorld(one))), one.told);
    const quiet = caseWorld(one).map((object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        annotations: { ...(object.metadata['annotations'] as object | undefined), [SUPPRESS]: `IST0999,${one.code}` },
      },
    }));
    assert.deepEqual(toldIn(one, analyzed(quiet)), []);
  });
}

test('beside all others, each says the same', () => {
  const problems = analyzed(analyzedWorld(ANALYSIS_CASES));
  for (const one of ANALYSIS_CASES) assert.deepEqual(toldIn(one, problems), one.told, `${one.code} ${one.name}`);
});

test('IST0148: where the injector is for all namespaces, one that says nothing is told so', () => {
  const values = JSON.stringify({ sidecarInjectorWebhook: { enableNamespacesByDefault: true } });
  const metadata = { name: 'istio-sidecar-injector', namespace: 'istio-system' };
  const problems = analyzed([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { values } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'quiet' } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'decided', labels: { 'istio-injection': 'disabled' } } },
  ]);
  assert.deepEqual(
    problems.map(({ code, severity, resource }) => [code, severity, resource?.name]),
    [['IST0148', 'info', 'quiet']],
  );
});

test('every code of Istio is in a case', () => {
  const codes = Object.values(CODE).filter((code) => code.startsWith('IST') && code !== CODE.injectedByDefault);
  const missing = codes.filter((code) => !ANALYSIS_CASES.some((one) => one.code === code));
  assert.deepEqual(missing, []);
});
