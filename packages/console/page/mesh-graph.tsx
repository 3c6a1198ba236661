// Draws the mesh as cards of services, with their workloads, and edges of what passes between them.
import { useMemo, useState } from 'preact/hooks';
import type { EdgeView, MeshView } from '../src/views/views.ts';
import { Card } from './graph-card.tsx';
import { Arrowheads, EdgeLabel, EdgeLine } from './graph-edge.tsx';
import { layoutGraph, layoutKey } from './layout-graph.ts';
import { placeEdges } from './place-edges.ts';

/** A graph that is wider than the page shrinks to this part of its size, then it scrolls. */
const SMALLEST = 0.8;

export function MeshGraph({ mesh }: { readonly mesh: MeshView }) {
  const layout = useMemo(() => layoutGraph(mesh), [layoutKey(mesh)]);
  const shown = mesh.edges.map(({ id }) => id).join('\n');
  const places = useMemo(() => placeEdges(mesh.edges, layout, mesh.services), [layout, shown]);
  const [pointed, setPointed] = useState('');
  const related = relatedTo(pointed, mesh.edges);
  return (
    <div class="graph-scroll" tabIndex={0} role="region" aria-label="Traffic graph, scrolls">
      <svg
        class={pointed === '' ? 'graph' : 'graph graph-pointed'}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        width={layout.width}
        style={{ minWidth: `${layout.width * SMALLEST}px` }}
        role="group"
        aria-label="Traffic graph"
      >
        <Arrowheads />
        {mesh.edges.map((edge) => (
          <EdgeLine key={edge.id} edge={edge} place={places.get(edge.id)!} near={related.has(edge.id)} />
        ))}
        {mesh.edges.map((edge) => (
          <EdgeLabel key={edge.id} edge={edge} place={places.get(edge.id)!} near={related.has(edge.id)} />
        ))}
        {mesh.services.map((service) => (
          <Card
            key={service.id}
            service={service}
            layout={layout}
            near={related.has(service.id)}
            onPoint={setPointed}
          />
        ))}
      </svg>
    </div>
  );
}

/** The card that is pointed at, its edges, and the cards at their other ends. */
function relatedTo(id: string, edges: readonly EdgeView[]): ReadonlySet<string> {
  const own = edges.filter(({ from, to }) => from.service === id || to.service === id);
  return new Set([id, ...own.flatMap(({ id, from, to }) => [id, from.service, to.service])]);
}
