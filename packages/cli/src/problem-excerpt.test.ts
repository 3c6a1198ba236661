import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Problem } from '@meltemi/base';

import { formatExcerpt } from './problem-excerpt.ts';

const problemAt = (line: number, column: number): Problem => ({
  severity: 'error',
  code: 'MEL0003',
  message: 'wrong',
  source: { file: 'a.yaml', line, column },
});
const shown = (text: string, line: number, column: number): readonly string[] =>
  formatExcerpt(problemAt(line, column), new Map([['a.yaml', text]])).split('\n');

test('the word stands over its mark, whatever is before it', () => {
  const text = 'spec:\n  - rout: [a, "b c"]\n\t\tx: 1';
  assert.deepEqual(shown(text, 2, 5), [
    'a.yaml:2:5: error: wrong [MEL0003]',
    '  2 |   - rout: [a, "b c"]',
    '    |     ^^^^',
    '',
  ]);
  assert.equal(shown(text, 2, 15)[2], '    |               ^^^^^');
  assert.equal(shown(text, 3, 3)[2], '    | \t\t^');
});

test('without a text, beyond its end, and in a line without end there is no excerpt', () => {
  const alone = 'a.yaml:9:1: error: wrong [MEL0003]\n';
  assert.equal(formatExcerpt(problemAt(9, 1), new Map()), alone);
  assert.equal(formatExcerpt(problemAt(9, 1), new Map([['a.yaml', 'x']])), alone);
  assert.equal(formatExcerpt(problemAt(9, 1), new Map([['a.yaml', `${'\n'.repeat(8)}${'x'.repeat(999)}`]])), alone);
});
