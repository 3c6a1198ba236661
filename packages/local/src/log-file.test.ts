import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLog, rotateLog } from './log-file.ts';

test('a writer goes on in the emptied file, and three old ones are kept', () => {
  const directory = mkdtempSync(join(tmpdir(), 'log-'));
  const path = join(directory, 'app.log');
  const log = openLog(path, assert.fail);
  const fd = log.fd as number;
  for (let round = 1; round <= 5; round++) {
    writeSync(fd, `round ${round}\n`);
    rotateLog(path, 5);
  }
  writeSync(fd, 'last\n');
  log.close();
  assert.equal(readFileSync(path, 'utf8'), 'last\n');
  assert.deepEqual(
    [1, 2, 3].map((age) => readFileSync(`${path}.${age}`, 'utf8')),
    ['round 5\n', 'round 4\n', 'round 3\n'],
  );
  assert.ok(!existsSync(`${path}.4`));
  rmSync(directory, { recursive: true });
});

test('a small log stays', () => {
  const directory = mkdtempSync(join(tmpdir(), 'log-'));
  const path = join(directory, 'app.log');
  appendFileSync(path, 'short\n');
  rotateLog(path, 100);
  assert.equal(readFileSync(path, 'utf8'), 'short\n');
  rmSync(directory, { recursive: true });
});

test('a log that can not be opened is said, and the process runs without', () => {
  const said: string[] = [];
  const log = openLog('/nonexistent/app.log', (message) => said.push(message));
  assert.equal(log.fd, 'ignore');
  assert.match(said[0]!, /ENOENT/);
  log.close();
});
