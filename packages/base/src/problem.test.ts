import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from './problem.ts';

test('a problem reads as compilers write them', () => {
  const problem = {
    severity: 'error',
    code: 'IST0106',
    message: 'unknown field "wieght"',
    source: { file: 'a.yaml', line: 3, column: 5 },
    hint: 'did you mean "weight"?',
  } as const;
  assert.equal(formatProblem(problem), 'a.yaml:3:5: error: unknown field "wieght" (did you mean "weight"?) [IST0106]');
  const { source: _, hint: __, ...rest } = problem;
  const resource = { kind: 'VirtualService', namespace: 'default', name: 'reviews' };
  assert.equal(
    formatProblem({ ...rest, resource }),
    'VirtualService default/reviews: error: unknown field "wieght" [IST0106]',
  );
});
