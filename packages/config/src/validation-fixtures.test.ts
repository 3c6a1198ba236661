// Istio's own good and bad examples of every kind are accepted and denied as Istio does.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { formatProblem, hasErrors } from '@meltemi/base';
import { fixtureFolder } from '@meltemi/testkit';
import { parse } from 'yaml';

import { answerReview } from './admission-review.ts';
import { decodeResource } from './decode-resource.ts';
import { parseDocuments } from './document.ts';
import { objectToYaml } from './resource-yaml.ts';

/** `documentValid` says it document by document, `validObject` where today's rules differ from those of the time. */
interface ValidationCase {
  readonly name: string;
  readonly input: string;
  readonly documents: number;
  readonly valid: boolean;
  readonly validObject?: boolean;
  readonly documentValid?: readonly boolean[];
  readonly addAnnotation?: Readonly<Record<string, string>>;
}

const folder = fixtureFolder('validation');
if (folder === undefined) test('144 cases of validation', { skip: 'their folder is not here' });
else {
  const { cases } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as {
    readonly cases: readonly ValidationCase[];
  };
  test('all cases are there', () => assert.equal(cases.length, 144));
  for (const one of cases) test(one.name, () => checkCase(one, readFileSync(join(folder, one.input), 'utf8')));
}

function checkCase(
  { input, documents, valid, validObject, documentValid, addAnnotation }: ValidationCase,
  text: string,
) {
  const written = addAnnotation ? annotated(text, addAnnotation) : text;
  const parsed = parseDocuments(written, input);
  assert.deepEqual([parsed.problems, parsed.documents.length], [[], documents]);
  for (const [index, document] of parsed.documents.entries()) {
    const { problems } = decodeResource(document);
    const expected = validObject ?? documentValid?.[index] ?? valid;
    assert.equal(!hasErrors(problems), expected, problems.map(formatProblem).join('\n'));
    const { response } = answerReview({ request: { operation: 'CREATE', object: document.value } });
    assert.deepEqual([response.allowed, response.status !== undefined], [expected, !expected]);
  }
}

function annotated(text: string, annotations: Readonly<Record<string, string>>): string {
  const object = parse(text) as { readonly metadata: { readonly annotations?: object } };
  const metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } };
  return objectToYaml({ ...object, metadata });
}
