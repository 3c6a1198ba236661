// For tests: a world from the files of a fixture, read as the stores read them.
import { readFileSync } from 'node:fs';
import { buildView, type ConfigView, decodeResource, parseDocuments } from '@meltemi/config';
import { readRegistry, type WatchedStore } from '@meltemi/registry';
import { DEFAULT_MESH } from '../mesh.ts';
import type { Snapshot } from '../snapshot.ts';

/** Throws what is wrong with the files: a fixture without its rules would prove nothing. */
export function snapshotOfFiles(files: readonly string[]): Snapshot {
  const decoded = files.flatMap((file) =>
    parseDocuments(readFileSync(file, 'utf8'), file).documents.map((document) => decodeResource(document)),
  );
  const errors = decoded.flatMap(({ problems }) => problems).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
  const config = buildView(
    decoded.flatMap(({ resource }) => resource ?? []),
    [],
  );
  const registry = readRegistry({ config: still(config), domain: DEFAULT_MESH.domain });
  return { version: 1, config, registry, mesh: DEFAULT_MESH };
}

function still(view: ConfigView): WatchedStore {
  return { view: () => view, watch: () => ({ close: () => {} }) };
}
