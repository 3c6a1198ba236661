// Draws an edge of the graph: a line whose colour and dashes tell how well, and a label with its numbers.
import type { EdgeView } from '../src/views/views.ts';
import { edgeWords } from './edge-words.ts';
import { LABEL_HEIGHT, LABEL_WIDTH } from './layout-graph.ts';
import type { PlacedEdge } from './place-edges.ts';
import { shortTraffic } from './words.ts';

interface EdgeProps {
  readonly edge: EdgeView;
  readonly place: PlacedEdge;
  readonly near: boolean;
}

export function EdgeLine({ edge, place, near }: EdgeProps) {
  const { health } = edge.traffic;
  return (
    <g class={`edge ${health}${near ? ' near' : ''}`} role="img" aria-label={edgeWords(edge)}>
      <title>{edgeWords(edge)}</title>
      <path class="edge-hit" d={place.path} />
      <path class="edge-line" d={place.path} stroke-width={edgeWidth(edge)} marker-end={`url(#arrow-${health})`} />
    </g>
  );
}

/** The line says the same to those who hear it. */
export function EdgeLabel({ edge, place, near }: EdgeProps) {
  const { health, errorShare, p50Ms, p99Ms } = edge.traffic;
  if (health === 'idle') return null;
  const { x, y } = place.label;
  const marked = edge.mutualTls !== 'unknown';
  return (
    <g
      class={`edge label ${health}${near ? ' near' : ''}`}
      aria-hidden="true"
      transform={`translate(${x - LABEL_WIDTH / 2},${y - LABEL_HEIGHT / 2})`}
    >
      <rect class="edge-plate" width={LABEL_WIDTH} height={LABEL_HEIGHT} rx="8" />
      {marked && <Lock open={edge.mutualTls !== 'all'} />}
      <text class={errorShare > 0 ? 'edge-text ill' : 'edge-text'} x={marked ? 23 : 9} y="14">
        {shortTraffic(edge.traffic)}
      </text>
      <text class="edge-note" x="9" y="27">
        {p99Ms === null ? edge.protocol : `p50 ${timeText(p50Ms)} · p99 ${timeText(p99Ms)} ms`}
      </text>
    </g>
  );
}

/** From a thread to a rope: tenfold traffic is twice as wide. */
function edgeWidth({ traffic: { requestsPerSecond, bytesPerSecond } }: EdgeView): number {
  const amount = requestsPerSecond + bytesPerSecond / 1000;
  return amount === 0 ? 1.25 : Math.min(6, Math.max(1.5, 2 + Math.log10(amount)));
}

function Lock({ open }: { readonly open: boolean }) {
  return (
    <g class={open ? 'lock open' : 'lock'} transform="translate(9,3)">
      <rect x="0" y="5" width="9" height="7" rx="1.5" />
      <path d={open ? 'M2,5 V3 a2.5,2.5 0 0 1 4.8,-1' : 'M2,5 V3 a2.5,2.5 0 0 1 5,0 V5'} />
    </g>
  );
}

/** In milliseconds, the unit left out. */
function timeText(ms: number | null): string {
  return ms === null ? '–' : ms < 9.95 ? ms.toFixed(1) : String(Math.round(ms));
}

export function Arrowheads() {
  return (
    <defs>
      {(['healthy', 'degraded', 'failing', 'idle'] as const).map((health) => (
        <marker
          id={`arrow-${health}`}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0,0.8 L7.4,4 L0,7.2 z" class={`arrow ${health}`} />
        </marker>
      ))}
    </defs>
  );
}
