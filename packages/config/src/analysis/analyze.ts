// A view → what analyzers find in it, but for what its objects want not to be told.
import type { Problem, ResourceName } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { MeshConfig } from '../model/mesh-config.ts';
import type { ConfigView, KindName } from '../view.ts';
import { worldOf } from '../world.ts';
import type { Analyzer } from './analyzer.ts';
import { isSuppressed, SUPPRESS } from './suppression.ts';

export interface AnalyzeSettings {
  readonly mesh?: MeshConfig;
  /** The DNS domain of services; `cluster.local` unless told. */
  readonly domain?: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function analyzeView(
  view: Omit<ConfigView, 'problems'>,
  analyzers: readonly Analyzer[],
  { mesh = {}, domain = 'cluster.local', now }: AnalyzeSettings,
): readonly Problem[] {
  const subject = { view, mesh, now, world: worldOf(view, domain) };
  const found = analyzers.flatMap(({ analyze }) => analyze(subject));
  const byKind = Map.groupBy(found, ({ resource }) => resource?.kind);
  const quiet = new Map(Array.from(byKind.keys(), (kind) => [kind, annotationsOf(kind, view)]));
  return found.filter(
    ({ code, resource }) => !isSuppressed(code, resource && quiet.get(resource.kind)?.get(key(resource))),
  );
}

/** What objects of a kind want not to be told, by their names. */
function annotationsOf(
  kind: string | undefined,
  { objects }: Pick<ConfigView, 'objects'>,
): ReadonlyMap<string, string> {
  const all: readonly LocatedResource[] = kind === undefined ? [] : objects(kind as KindName);
  return new Map(
    all.flatMap(({ metadata }) => {
      const annotation = metadata.annotations[SUPPRESS];
      return annotation === undefined ? [] : [[key(metadata), annotation]];
    }),
  );
}

function key({ namespace, name }: Pick<ResourceName, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
