// After any changes, what is computed by what changed equals what is computed from the beginning.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { type Labels, silentLogger, systemClock } from '@meltemi/base';
import { DirectoryStore } from '@meltemi/config';
import { readRegistry, RegistryStore } from '@meltemi/registry';
import fc from 'fast-check';
import { CompileMemos } from './compile-memos.ts';
import { SnapshotResources } from './compile.ts';
import { FragmentCache } from './fragment-cache.ts';
import { changedObject, SLOTS } from './incremental.fixture.ts';
import { DEFAULT_MESH } from './mesh.ts';
import { parseProxyNode, type ProxyNode } from './proxy-node.ts';
import { type ProxyResources, SERVED_TYPES } from './resources.ts';
import { JoinedTable, type ResourceTable } from './resource-table.ts';
import { tableChanges } from './table-changes.ts';

const DOMAIN = 'cluster.local';

function node(kind: string, address: string, name: string, namespace: string): ProxyNode {
  const id = `${kind}~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`;
  const labels: Labels = kind === 'router' ? { istio: 'ingressgateway' } : { app: name };
  return parseProxyNode(create(NodeSchema, { id, metadata: { LABELS: labels } }))!;
}

const NODES = [
  node('sidecar', '10.0.0.1', 'web', 'a'),
  node('sidecar', '10.0.0.2', 'db', 'a'),
  node('sidecar', '10.0.1.1', 'web', 'b'),
  node('router', '10.0.9.1', 'gateway', 'istio-system'),
];

/** A directory, the stores over it, and what is kept from change to change. */
class World {
  readonly directory = mkdtempSync(join(tmpdir(), 'meltemi-incremental-'));
  readonly #memos = new CompileMemos();
  readonly #cache = new FragmentCache();
  #config!: DirectoryStore;
  #registry!: RegistryStore;

  static async open(): Promise<World> {
    const world = new World();
    world.#config = await world.#store(true);
    world.#registry = new RegistryStore({ config: world.#config, domain: DOMAIN });
    return world;
  }

  /** Resolves when the store has read it. */
  async write(slot: string, text: string): Promise<void> {
    const events = new EventTarget();
    const watch = this.#config.watch(() => events.dispatchEvent(new Event('read')));
    const read = once(events, 'read', { signal: AbortSignal.timeout(20_000) });
    writeFileSync(join(this.directory, `.${slot}`), text);
    renameSync(join(this.directory, `.${slot}`), join(this.directory, `${slot}.yaml`));
    await read;
    watch.close();
  }

  incremental(version: number): readonly Shown[] {
    const snapshot = { version, config: this.#config.view(), registry: this.#registry.view(), mesh: DEFAULT_MESH };
    const resources = new SnapshotResources(snapshot, this.#cache, this.#memos);
    return NODES.map((each) => shown(resources.resourcesOf(each)));
  }

  async fromTheBeginning(version: number): Promise<readonly Shown[]> {
    const config = await this.#store(false);
    const registry = readRegistry({ config, domain: DOMAIN });
    const snapshot = { version, config: config.view(), registry, mesh: DEFAULT_MESH };
    await config.close();
    return NODES.map((each) => shown(new SnapshotResources(snapshot, new FragmentCache()).resourcesOf(each)));
  }

  async close(): Promise<void> {
    this.#registry.close();
    await this.#config.close();
    rmSync(this.directory, { recursive: true });
  }

  #store(watchFiles: boolean): Promise<DirectoryStore> {
    return DirectoryStore.open({
      directories: [this.directory],
      clock: systemClock(),
      logger: silentLogger,
      domain: DOMAIN,
      watchFiles,
    });
  }
}

/** `type name` → version. */
type Shown = Readonly<Record<string, string>>;

function shown(resources: ProxyResources): Shown {
  return Object.fromEntries(
    SERVED_TYPES.flatMap((type) =>
      Array.from(resources[type], ([name, { version }]) => [`${type} ${name}`, version] as const),
    ).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const changes = fc.array(fc.record({ slot: fc.constantFrom(...SLOTS), seed: fc.nat(1000) }), {
  minLength: 4,
  maxLength: 14,
});

test('what changes bring equals what is computed from the beginning', async () => {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(changes, async (steps) => {
      const world = await World.open();
      try {
        for (const [version, { slot, seed }] of steps.entries()) {
          await world.write(slot, changedObject(slot, seed, ++number));
          assert.deepEqual(world.incremental(version), await world.fromTheBeginning(version));
        }
      } finally {
        await world.close();
      }
    }),
    { numRuns: 10 },
  );
});

const table = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('1', '2', '3'))
  .map((versions): ResourceTable => {
    const entries = Object.entries(versions).map(
      ([name, version]) => [name, { name, version, any: new Uint8Array(), uses: [] }] as const,
    );
    return new Map(entries);
  });

test('the changes from one table to another make the other of the one', () => {
  fc.assert(
    fc.property(fc.array(table, { minLength: 4, maxLength: 4 }), fc.nat(15), fc.nat(15), (parts, one, other) => {
      const pick = (bits: number) => new JoinedTable(parts.filter((_, index) => (bits >> index) & 1));
      const [before, after] = [pick(one), pick(other)];
      const { changed, removed } = tableChanges(before, after);
      const made = new Map(Array.from(before, ([name, { version }]) => [name, version]));
      for (const [name, { version }] of changed) made.set(name, version);
      for (const name of removed) made.delete(name);
      const wanted = new Map(Array.from(after, ([name, { version }]) => [name, version]));
      assert.deepEqual(Object.fromEntries(made), Object.fromEntries(wanted));
      assert.equal(after.size, wanted.size);
    }),
  );
});
