// The first page: the mesh as a graph, or as a table for who prefers or needs one.
import { useState } from 'preact/hooks';
import type { MeshView } from '../src/views/views.ts';
import { EdgeTable } from './edge-table.tsx';
import { MeshGraph } from './mesh-graph.tsx';
import { rateText } from './words.ts';

/** Where a graph can't be seen whole, the table comes first. */
const NARROW = '(max-width: 640px)';

export function GraphPage({ mesh }: { readonly mesh: MeshView }) {
  const [shape, setShape] = useState<'graph' | 'table'>(matchMedia(NARROW).matches ? 'table' : 'graph');
  return (
    <>
      <div class="title-row">
        <h1>Traffic</h1>
        <p class="summary">{summary(mesh)}</p>
        <div class="switch" role="group" aria-label="Show as">
          {(['graph', 'table'] as const).map((choice) => (
            <button type="button" aria-pressed={shape === choice} onClick={() => setShape(choice)}>
              {choice === 'graph' ? 'Graph' : 'Table'}
            </button>
          ))}
        </div>
      </div>
      {mesh.sidecars.rolledUp > 0 && (
        <p class="notice" role="note">
          {mesh.sidecars.rolledUp} requests were counted as <q>other</q>: sidecars have used up their budget of series.
        </p>
      )}
      {mesh.services.length === 0 && <p class="empty">No mesh runs, or nothing runs in it yet.</p>}
      {shape === 'graph' && mesh.services.length > 0 && <MeshGraph mesh={mesh} />}
      {shape === 'table' && <EdgeTable edges={mesh.edges} caption="Traffic" />}
      {shape === 'graph' && <Legend />}
    </>
  );
}

function summary({ services, edges, sidecars }: MeshView): string {
  const own = services.filter(({ kind }) => kind === 'service');
  const workloads = own.reduce((sum, service) => sum + service.workloads.length, 0);
  const total = edges.reduce((sum, { traffic }) => sum + traffic.requestsPerSecond, 0);
  const silent = sidecars.known - sidecars.answering;
  const missing = silent > 0 ? ` · ${silent} of ${sidecars.known} sidecars do not answer` : '';
  return `${own.length} services · ${workloads} workloads · ${rateText(total)} requests/s${missing}`;
}

function Legend() {
  return (
    <p class="legend">
      <span class="badge healthy">
        <span aria-hidden="true">●</span> healthy
      </span>
      <span class="badge degraded">
        <span aria-hidden="true">▲</span> some errors
      </span>
      <span class="badge failing">
        <span aria-hidden="true">■</span> 5 % or more fail
      </span>
      <span class="badge idle">
        <span aria-hidden="true">○</span> idle for ten seconds
      </span>
      <span>a lock: mutual TLS</span>
    </p>
  );
}
