// One look at objects beside each other: what it is called, and what it finds.
import type { Problem } from '@meltemi/base';

import type { MeshConfig } from '../model/mesh-config.ts';
import type { ConfigView } from '../view.ts';
import type { World } from '../world.ts';

/** What is looked at. `mesh` may leave out anything: Istio's defaults stand for it. */
export interface Subject {
  readonly view: Omit<ConfigView, 'problems'>;
  readonly world: World;
  readonly mesh: MeshConfig;
  /** Milliseconds since 1970: certificates end. */
  readonly now: number;
}

/** Names are those that `istioctl analyze --analyzer` takes. */
export interface Analyzer {
  readonly name: string;
  readonly description: string;
  readonly analyze: (subject: Subject) => readonly Problem[];
}
