// Draws a service as a card with a row for each workload: a link to its page.
import type { ServiceView, TrafficView, WorkloadView } from '../src/views/views.ts';
import { CARD_WIDTH, type GraphLayout, HEAD_HEIGHT, ROW_HEIGHT, rowsOf } from './layout-graph.ts';
import { hrefOf } from './route.ts';
import { shortTraffic, spokenTraffic } from './words.ts';

interface CardProps {
  readonly service: ServiceView;
  readonly layout: GraphLayout;
  readonly near: boolean;
  readonly onPoint: (id: string) => void;
}

export function Card({ service, layout, near, onPoint }: CardProps) {
  const { x, y, height } = layout.cards.get(service.id)!;
  const { health } = service.traffic;
  const point = () => onPoint(service.id);
  const leave = () => onPoint('');
  return (
    <g transform={`translate(${x},${y})`}>
      <a
        class={`card ${health} ${service.kind}${near ? ' near' : ''}`}
        href={hrefOf({ page: 'service', id: service.id })}
        aria-label={cardText(service)}
        aria-description={cardWords(service)}
        onMouseEnter={point}
        onMouseLeave={leave}
        onFocus={point}
        onBlur={leave}
      >
        <rect class="card-plate" width={CARD_WIDTH} height={height} rx="10" />
        <path class="card-mark" d={`M0,10 a10,10 0 0 1 4,-8 V${height - 2} a10,10 0 0 1 -4,-8 z`} />
        <text class="card-name" x="16" y="23">
          {shortened(service.name, 21)}
        </text>{' '}
        <text class="card-note" x="16" y="40">
          {shortened(whereText(service), 14)}
        </text>{' '}
        <text class={errorClass('card-note', service.traffic)} x={CARD_WIDTH - 20} y="40" text-anchor="end">
          {shortTraffic(service.traffic)}
        </text>{' '}
        {rowsOf(service).map((workload, index) => (
          <g transform={`translate(0,${HEAD_HEIGHT + index * ROW_HEIGHT})`} class={`row ${workload.traffic.health}`}>
            <rect class="row-plate" x="10" y="2" width={CARD_WIDTH - 20} height={ROW_HEIGHT - 4} rx="6" />
            <text class="row-name" x="20" y="21">
              {rowName(workload)}
            </text>{' '}
            <text class={errorClass('row-value', workload.traffic)} x={CARD_WIDTH - 20} y="21" text-anchor="end">
              {rowValue(workload)}
            </text>{' '}
          </g>
        ))}
      </a>
    </g>
  );
}

function whereText({ kind, namespace }: ServiceView): string {
  return kind === 'service' ? namespace : kind === 'outside' ? 'clients' : kind;
}

function errorClass(name: string, { errorShare }: TrafficView): string {
  return errorShare > 0 ? `${name} ill` : name;
}

function rowName({ version, name }: WorkloadView): string {
  return shortened(version || name, 14);
}

function rowValue({ state, traffic }: WorkloadView): string {
  return state === 'running' || state === 'unknown' ? shortTraffic(traffic) : state;
}

/** All that is written on it: who speaks to the page says what they see. */
function cardText(service: ServiceView): string {
  const head = [shortened(service.name, 21), shortened(whereText(service), 14), shortTraffic(service.traffic)];
  return [...head, ...rowsOf(service).flatMap((workload) => [rowName(workload), rowValue(workload)])].join(' ');
}

function cardWords({ name, kind, workloads, traffic }: ServiceView): string {
  const what = kind === 'service' ? 'service' : kind === 'external' ? 'external service' : kind;
  const count = workloads.length === 1 ? '1 workload' : `${workloads.length} workloads`;
  return `${what} ${name}: ${workloads.length > 0 ? `${count}, ` : ''}${spokenTraffic(traffic)}`;
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
