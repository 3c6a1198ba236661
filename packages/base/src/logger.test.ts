import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLogger } from './logger.ts';

test('writes time, level, scope and message, from the level on', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', write: (line) => lines.push(line), now: () => 0 }).named('ads');
  logger.debug('not shown');
  logger.warn('pushed');
  assert.deepEqual(lines, ['1970-01-01T00:00:00.000Z\twarn\tads\tpushed\n']);
});

test('a message is one line, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (message) => {
      let written = '';
      createLogger({ level: 'info', write: (line) => (written += line), now: () => 0 }).info(message);
      assert.equal(written.split('\n').length, 2);
      assert.ok(!written.includes('\r') && !written.includes('\u001b'));
    }),
  );
});
