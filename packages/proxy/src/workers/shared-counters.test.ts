import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import {
  type CounterCell,
  countersMemory,
  countersOver,
  localCounters,
  type SharedCounters,
} from './shared-counters.ts';

test('names are apart, and the same name is the same number for all', () => {
  const memory = countersMemory();
  const [one, two] = [countersOver(memory), countersOver(memory)] as const;
  const cells = Array.from({ length: 8000 }, (_, at) => one.cell(`cluster/${at}/cx`));
  for (const [at, cell] of cells.entries()) cell.add(at);
  assert.ok(cells.every((_, at) => two.cell(`cluster/${at}/cx`).value === at));
});

test('a place is used again when nobody holds the name and all was taken back', () => {
  const counters = countersOver(countersMemory());
  // More names than there are places, a few at a time; one of them keeps something.
  const kept = counters.cell('kept');
  kept.add(7);
  kept.close();
  for (let at = 0; at < 70_000; at++) {
    const cell = counters.cell(`name ${at}`);
    assert.equal(cell.add(1), 1);
    cell.add(-1);
    cell.close();
  }
  assert.equal(counters.cell('kept').value, 7);
});

/** One step of a worker: it opens, closes or counts in a name. */
const step = fc.record({
  worker: fc.nat(1),
  name: fc.constantFrom('a', 'b', 'c'),
  action: fc.oneof(
    fc.record({ kind: fc.constant('add' as const), amount: fc.integer({ min: -3, max: 3 }) }),
    fc.record({ kind: fc.constant('exchange' as const), expected: fc.nat(2), next: fc.nat(2) }),
  ),
});

test('shared and local numbers count alike', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const memory = countersMemory();
      const workers = [countersOver(memory), countersOver(memory)].map(opener);
      const alone = opener(localCounters);
      for (const { worker, name, action } of steps) {
        const [cell, model] = [workers[worker]!(name), alone(name)];
        if (action.kind === 'add') assert.equal(cell.add(action.amount), model.add(action.amount));
        else assert.equal(cell.exchange(action.expected, action.next), model.exchange(action.expected, action.next));
        assert.equal(cell.value, model.value);
      }
    }),
    { numRuns: 50 },
  );
});

function opener(counters: SharedCounters): (name: string) => CounterCell {
  const open = new Map<string, CounterCell>();
  return (name) => {
    const cell = open.get(name) ?? counters.cell(name);
    open.set(name, cell);
    return cell;
  };
}

test('threads that count at once lose nothing', async () => {
  const memory = countersMemory();
  const module = import.meta.resolve('./shared-counters.ts');
  const script = `
    import { workerData } from 'node:worker_threads';
    const { countersOver } = await import(${JSON.stringify(module)});
    const counters = countersOver(workerData);
    for (let at = 0; at < 20000; at++) {
      const cell = counters.cell('name ' + (at % 7));
      cell.add(1);
      cell.close();
    }`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const threads = Array.from({ length: 3 }, () => new Worker(url, { workerData: memory }));
  await Promise.all(
    threads.map(
      (thread) => new Promise<void>((resolve, reject) => thread.on('exit', () => resolve()).on('error', reject)),
    ),
  );
  const counters = countersOver(memory);
  const sum = Array.from({ length: 7 }, (_, at) => counters.cell(`name ${at}`).value).reduce((all, one) => all + one);
  assert.equal(sum, 60_000);
});
