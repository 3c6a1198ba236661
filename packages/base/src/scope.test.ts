import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scope } from './scope.ts';

test('undoes in reverse order, aborts first, and reports every failure', async () => {
  const scope = new Scope();
  const seen: string[] = [];
  scope.defer(() => void seen.push(`first, aborted: ${scope.signal.aborted}`));
  scope.defer(() => {
    throw new Error('broken');
  });
  scope.defer(async () => void seen.push('last'));
  await assert.rejects(scope.close(), (error: AggregateError) => error.errors.length === 1);
  assert.deepEqual(seen, ['last', 'first, aborted: true']);
});

test('a step deferred after closing runs at once', async () => {
  const scope = new Scope();
  await scope.close();
  let ran = false;
  scope.defer(() => void (ran = true));
  assert.ok(ran);
});
