// What the log says of problems that come and go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, type Problem } from '@meltemi/base';
import { ProblemLog } from './problem-log.ts';

test('a problem is said once, and again when it comes back', () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    write: (line) => lines.push(line.split('\t').slice(1).join(' ')),
    now: () => 0,
  });
  const log = new ProblemLog(logger);
  const problem: Problem = {
    severity: 'error',
    code: 'MEL0003',
    message: 'unknown field',
    source: { file: 'a.yaml', line: 1, column: 2 },
  };
  log.update([problem]);
  log.update([problem]);
  log.update([]);
  log.update([{ ...problem, severity: 'warning' }]);
  assert.deepEqual(lines, [
    'error default a.yaml:1:2: error: unknown field [MEL0003]\n',
    'info default 1 problem is mended; 0 left\n',
    'warn default a.yaml:1:2: warning: unknown field [MEL0003]\n',
  ]);
});
