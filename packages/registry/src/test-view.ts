// For tests: what the real store reads from YAML.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@meltemi/base';
import { type ConfigView, DirectoryStore } from '@meltemi/config';
import type { WatchedStore } from './registry-store.ts';

export async function viewOf(...yaml: readonly string[]): Promise<ConfigView> {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-registry-'));
  try {
    await writeFile(join(directory, 'world.yaml'), yaml.join('\n---\n'));
    const options = { directories: [directory], clock: systemClock(), logger: silentLogger, watchFiles: false };
    const store = await DirectoryStore.open(options);
    const view = store.view();
    await store.close();
    return view;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** A store that says `view` until it is given another. */
export function storeOf(view: ConfigView): WatchedStore & { replace(view: ConfigView): void } {
  const listeners = new Set<(view: ConfigView) => void>();
  let current = view;
  return {
    view: () => current,
    watch(listener) {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
    replace(next) {
      current = next;
      for (const listener of listeners) listener(next);
    },
  };
}

export function podYaml(name: string, options: { ready?: boolean; annotations?: string; ports?: string } = {}): string {
  const { ready = true, annotations = '{}', ports = '[{name: web, containerPort: 8000}]' } = options;
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: web, version: v1}, annotations: ${annotations}}
spec: {serviceAccountName: web-${name}, nodeName: n1, containers: [{name: app, ports: ${ports}}]}
status: {phase: Running, podIP: 10.0.0.1, conditions: [{type: Ready, status: "${ready ? 'True' : 'False'}"}]}`;
}
