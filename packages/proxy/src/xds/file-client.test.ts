import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { ConfigSourceSchema } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { seededDice, silentLogger, systemClock } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import { TextReadouts } from './text-readouts.ts';
import { createXdsClients } from './xds-clients.ts';

interface Update {
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly version: string;
}

/** Tells of each call, in order. */
class Queue<Item> {
  readonly #items: Item[] = [];
  #waiting: ((item: Item) => void) | undefined;

  push(item: Item): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(item);
    else this.#items.push(item);
  }

  next(): Promise<Item> {
    const item = this.#items.shift();
    return item === undefined ? new Promise((resolve) => (this.#waiting = resolve)) : Promise.resolve(item);
  }
}

async function setUp(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'xds-file-'));
  const stats = new StatsStore();
  const readouts = new TextReadouts();
  const clients = createXdsClients({
    bootstrap: create(BootstrapSchema),
    clock: systemClock({ background: true }),
    dice: seededDice(1),
    logger: silentLogger,
    stats,
    readouts,
  });
  t.after(async () => {
    clients.close();
    await rm(folder, { recursive: true });
  });
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, `.${name}`), text);
    await rename(join(folder, `.${name}`), join(folder, name));
  };
  const source = (name: string) =>
    create(ConfigSourceSchema, {
      configSourceSpecifier: { case: 'pathConfigSource', value: { path: join(folder, name) } },
    });
  return { clients, stats, readouts, write, source };
}

const clusters = (version: string, names: readonly string[]) => `
version_info: "${version}"
resources:
${names.map((name) => `- {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: ${name}, type: STATIC}`).join('\n')}
`;

test('a file of clusters is read, and read again when another takes its place', async (t) => {
  const { clients, stats, readouts, write, source } = await setUp(t);
  await write('cds.yaml', clusters('1', ['a', 'b']));
  const updates = new Queue<Update>();
  clients.forConfigSource(source('cds.yaml')).watchAll('CDS', {
    update(changed, removed, version) {
      updates.push({ changed: [...changed.keys()], removed, version });
      return [];
    },
  });
  assert.deepEqual(await updates.next(), { changed: ['a', 'b'], removed: [], version: '1' });
  await write('cds.yaml', clusters('2', ['b', 'c']));
  assert.deepEqual(await updates.next(), { changed: ['c'], removed: ['a'], version: '2' });
  const scope = stats.scope('cluster_manager').scope('cds');
  assert.equal(scope.counter('update_success').value, 2);
  assert.deepEqual(
    readouts.list().find(([name]) => name === 'cluster_manager.cds.version_text'),
    ['cluster_manager.cds.version_text', '2'],
  );
});

test('a malformed file is refused and the last good one stays', async (t) => {
  const { clients, stats, write, source } = await setUp(t);
  await write('cds.json', '{"version_info": "1", "resources": []}');
  const updates = new Queue<Update>();
  const client = clients.forConfigSource(source('cds.json'));
  client.watchAll('CDS', {
    update(changed, removed, version) {
      updates.push({ changed: [...changed.keys()], removed, version });
      return [];
    },
  });
  assert.deepEqual(await updates.next(), { changed: [], removed: [], version: '1' });
  await write('cds.json', '{"version_info": "2", "resources": [');
  const failures = stats.scope('cluster_manager').scope('cds').counter('update_failure');
  while (failures.value === 0) await new Promise((resolve) => setImmediate(resolve));
  await write('cds.json', clusters('3', ['a']));
  assert.deepEqual(await updates.next(), { changed: ['a'], removed: [], version: '3' });
  assert.equal(client.state()[0]!.version, '3');
});

test('secrets of a file rotate by name; a name that it has not is waited for', async (t) => {
  const { clients, write, source } = await setUp(t);
  const secret = (name: string, text: string) =>
    `{"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret, name: ${name}, generic_secret: {secret: {inline_string: ${text}}}}`;
  await write('sds.yaml', `resources: [${secret('a', 'one')}]`);
  const seen = new Queue<string>();
  const watch = (name: string) =>
    clients.forConfigSource(source('sds.yaml')).watch('SDS', name, {
      onResource(resource) {
        const value = resource.type.case === 'genericSecret' ? resource.type.value.secret?.specifier.value : undefined;
        seen.push(`${name} ${String(value)}`);
        return undefined;
      },
    });
  watch('a');
  watch('b');
  assert.equal(await seen.next(), 'a one');
  await write('sds.yaml', `resources: [${secret('a', 'two')}, ${secret('b', 'x')}]`);
  assert.deepEqual([await seen.next(), await seen.next()], ['a two', 'b x']);
});
