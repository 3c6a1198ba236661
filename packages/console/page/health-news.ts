// Says in words what got better or worse between two looks, for those who hear the page.
import type { MeshView } from '../src/views/views.ts';
import { edgeWords } from './edge-words.ts';

/** Empty: nothing that one must know. Traffic that only comes or goes is no news. */
export function healthNews(before: MeshView | undefined, now: MeshView): string {
  if (!before) return '';
  const known = new Map(before.edges.map((edge) => [edge.id, edge.traffic.health]));
  const changed = now.edges.filter(({ id, traffic: { health } }) => {
    const last = known.get(id) ?? 'idle';
    return health !== last && isIll(health) !== isIll(last);
  });
  return changed.map(edgeWords).join('. ');
}

function isIll(health: string): boolean {
  return health === 'failing' || health === 'degraded';
}
