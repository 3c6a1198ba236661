import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { formatProblem, silentLogger, systemClock } from '@meltemi/base';

import { decodeResource } from './decode-resource.ts';
import { DirectoryStore } from './directory-store.ts';
import { parseDocuments } from './document.ts';
import type { LocatedResource } from './located-resource.ts';
import { type ConfigStore, StoreError } from './store.ts';
import type { ConfigView } from './view.ts';

const rule = (name: string, precedence: number): string =>
  `apiVersion: config.istio.io/v1alpha2\nkind: RouteRule\nmetadata:\n  name: ${name}\nspec:\n  destination:\n    name: a\n  precedence: ${precedence}\n`;

const resource = (text: string): LocatedResource =>
  decodeResource(parseDocuments(text, 'given.yaml').documents[0]!).resource!;

async function openStore(context: TestContext, files: Readonly<Record<string, string>> = {}, watchFiles = true) {
  const directory = mkdtempSync(join(tmpdir(), 'store-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const store = await DirectoryStore.open({
    directories: [directory],
    clock: systemClock(),
    logger: silentLogger,
    watchFiles,
  });
  context.after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  return { directory, store };
}

/** The next view that says what is waited for. */
function nextView(store: ConfigStore, holds: (view: ConfigView) => boolean): Promise<ConfigView> {
  return new Promise((resolve) => {
    const watch = store.watch((view) => {
      if (!holds(view)) return;
      watch.close();
      resolve(view);
    });
  });
}

const precedences = (view: ConfigView) =>
  view.objects('RouteRule').map(({ metadata, spec }) => [metadata.name, spec.precedence]);
const errors = (view: ConfigView) => view.problems.filter(({ severity }) => severity === 'error').map(formatProblem);

test('what is in the directory itself is there when the store is open; drafts are not', async (context) => {
  const { store } = await openStore(context, {
    'b.yaml': rule('b', 2),
    'a.yml': rule('a', 1),
    '.c.yaml': rule('c', 3),
    'd.txt': rule('d', 4),
  });
  assert.deepEqual(precedences(store.view()), [
    ['a', 1],
    ['b', 2],
  ]);
  assert.equal(store.get('RouteRule', 'default', 'b')!.source.line, 1);
});

test('directories in the directory are not read', async (context) => {
  const { directory, store } = await openStore(context, { 'a.yaml': rule('a', 1) }, false);
  mkdirSync(join(directory, 'routing.yaml'));
  writeFileSync(join(directory, 'routing.yaml/b.yaml'), rule('b', 1));
  await store.apply(resource(rule('c', 1)));
  assert.deepEqual(precedences(store.view()), [
    ['a', 1],
    ['c', 1],
  ]);
});

test('edits by others are seen within a second', async (context) => {
  const { directory, store } = await openStore(context, { 'a.yaml': rule('a', 1) });
  const changed = nextView(store, (view) => precedences(view)[0]?.[1] === 5);
  const started = performance.now();
  writeFileSync(join(directory, 'a.yaml'), rule('a', 5));
  await changed;
  assert.ok(performance.now() - started < 1000);

  const added = nextView(store, (view) => precedences(view).length === 2);
  writeFileSync(join(directory, 'draft'), rule('b', 1));
  renameSync(join(directory, 'draft'), join(directory, 'b.yaml'));
  await added;

  const removed = nextView(store, (view) => precedences(view).length === 1);
  rmSync(join(directory, 'a.yaml'));
  assert.deepEqual(precedences(await removed), [['b', 1]]);
});

test('a file that breaks keeps what was good, object by object', async (context) => {
  const { directory, store } = await openStore(context, { 'a.yaml': `${rule('a', 1)}---\n${rule('b', 1)}` });
  const oneBroken = nextView(store, (view) => errors(view).length > 0);
  writeFileSync(join(directory, 'a.yaml'), `${rule('a', 2)}---\n${rule('b', 2).replace('precedence', 'precedense')}`);
  const view = await oneBroken;
  assert.deepEqual(precedences(view), [
    ['a', 2],
    ['b', 1],
  ]);
  assert.match(errors(view)[0]!, /a\.yaml:17:3: error: unknown field "precedense".*did you mean "precedence"/);

  const unreadable = nextView(store, (next) => errors(next).some((line) => line.includes('MEL0001')));
  writeFileSync(join(directory, 'a.yaml'), 'kind: [');
  assert.deepEqual(precedences(await unreadable), [
    ['a', 2],
    ['b', 1],
  ]);

  const mended = nextView(store, (next) => errors(next).length === 0);
  writeFileSync(join(directory, 'a.yaml'), rule('b', 3));
  assert.deepEqual(precedences(await mended), [['b', 3]]);
});

test('create writes a file of its own and refuses a name that is taken', async (context) => {
  const { directory, store } = await openStore(context, {}, false);
  const { revision } = await store.create(resource(rule('a', 1)));
  assert.deepEqual(readdirSync(directory), ['route-rule-a.default.yaml']);
  assert.equal(store.get('RouteRule', 'default', 'a')!.metadata.resourceVersion, revision);
  await assert.rejects(store.create(resource(rule('a', 2))), (error) => {
    assert.ok(error instanceof StoreError && error.code === 'exists');
    assert.match(
      formatProblem(error.problem),
      /^given\.yaml:4:9: error: RouteRule default\/a exists already, at .*route-rule-a\.default\.yaml:1:1 \[MEL0011\]$/,
    );
    return true;
  });
  assert.deepEqual(precedences(store.view()), [['a', 1]]);
});

test('of many that create one name at once exactly one succeeds', async (context) => {
  const { directory, store } = await openStore(context, {}, false);
  const stores = [store];
  for (let count = 0; count < 4; count++) {
    const other = await DirectoryStore.open({
      directories: [directory],
      clock: systemClock(),
      logger: silentLogger,
      watchFiles: false,
    });
    context.after(() => other.close());
    stores.push(other);
  }
  const results = await Promise.allSettled(stores.map((one, index) => one.create(resource(rule('a', index)))));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(readdirSync(directory).length, 1);
});

test('no edit is lost when many replace in one file at once', async (context) => {
  const names = ['a', 'b', 'c', 'd'];
  const { directory, store } = await openStore(
    context,
    { 'all.yaml': names.map((name) => rule(name, 1)).join('---\n') },
    false,
  );
  const options = { directories: [directory], clock: systemClock(), logger: silentLogger, watchFiles: false };
  const stores = await Promise.all(names.map(() => DirectoryStore.open(options)));
  context.after(() => Promise.all(stores.map((one) => one.close())));
  await Promise.all(names.map((name, index) => stores[index]!.replace(resource(rule(name, 2)))));
  await store.apply(resource(rule('e', 2)));
  assert.deepEqual(
    precedences(store.view()),
    [...names, 'e'].map((name) => [name, 2]),
  );
});

test('replace and delete edit the file in which the object lives', async (context) => {
  const { directory, store } = await openStore(
    context,
    { 'mine.yaml': `# mine\n${rule('a', 1)}---\n# b\n${rule('b', 1)}` },
    false,
  );
  await store.replace(resource(rule('a', 9)));
  assert.deepEqual(precedences(store.view()), [
    ['a', 9],
    ['b', 1],
  ]);
  const text = readFileSync(join(directory, 'mine.yaml'), 'utf8');
  assert.ok(text.startsWith('# mine\n') && text.endsWith(`---\n# b\n${rule('b', 1)}`), text);
  await store.delete({ kind: 'RouteRule', namespace: 'default', name: 'a' });
  await store.delete({ kind: 'RouteRule', namespace: 'default', name: 'b' });
  assert.deepEqual([readdirSync(directory), precedences(store.view())], [[], []]);
  await assert.rejects(store.replace(resource(rule('a', 1))), { code: 'not-found' });
  await assert.rejects(store.delete({ kind: 'RouteRule', namespace: 'default', name: 'a' }), { code: 'not-found' });
});

test('apply creates and then replaces', async (context) => {
  const { store } = await openStore(context, {}, false);
  const first = await store.apply(resource(rule('a', 1)));
  const second = await store.apply(resource(rule('a', 2)));
  assert.notEqual(first.revision, second.revision);
  assert.deepEqual(precedences(store.view()), [['a', 2]]);
});

test('of two files with one object the first holds and the second is a problem with both places', async (context) => {
  const { directory, store } = await openStore(context, { 'a.yaml': rule('x', 1), 'b.yaml': rule('x', 2) }, false);
  assert.deepEqual(precedences(store.view()), [['x', 1]]);
  assert.deepEqual(errors(store.view()), [
    `${directory}/b.yaml:4:9: error: RouteRule default/x exists already, at ${directory}/a.yaml:1:1 [MEL0011]`,
  ]);
});
