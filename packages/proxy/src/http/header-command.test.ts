import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_COMMANDS } from '@meltemi/decide';
import { compileLogValue } from '@meltemi/telemetry';

const ARGUMENTS = [
  '',
  '(a)',
  '(a:b)',
  '(DYNAMIC:a:b)',
  '(ROUTE:a)',
  '(CLUSTER:a)',
  '(DS_RX_BEG:DS_RX_END:ms)',
  '(a:PLAIN)',
];

test('every command that headers may hold has a value for requests', () => {
  const unknown = [...FORMAT_COMMANDS].filter(
    (name) => !ARGUMENTS.some((argument) => compiles(`%${name}${argument}%`)),
  );
  assert.deepEqual(unknown, []);
  assert.ok(FORMAT_COMMANDS.size > 60, 'there are commands to check');
});

function compiles(format: string): boolean {
  try {
    compileLogValue(format, { hostname: '' });
    return true;
  } catch {
    return false;
  }
}
