// Settings of the whole mesh: its MeshConfig, its networks, and how pods are injected.
import { type DebugPage, json, refusal } from '../debug-page.ts';

export interface MeshSources {
  /** The MeshConfig in force. */
  readonly meshConfig: () => object;
  /** Names and texts of the templates; undefined where nothing is injected. */
  readonly injection?: () => Readonly<Record<string, string>>;
}

export function meshPages({ meshConfig, injection }: MeshSources): readonly DebugPage[] {
  return [
    { name: 'mesh', help: 'Active mesh config', show: () => json(meshConfig()) },
    {
      name: 'inject',
      help: 'Active inject template',
      show: () => (injection ? json(injection()) : refusal(404, 'pods are not injected by this Pilot instance\n')),
    },
    { name: 'networkz', help: 'List cross-network gateways', show: () => json(null) },
  ];
}
