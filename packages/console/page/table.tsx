// The parts that tables share: a head of titles, and cells that tell of traffic.
import type { ComponentChildren } from 'preact';
import type { EdgeView, TrafficView } from '../src/views/views.ts';
import { HealthBadge } from './health-badge.tsx';
import { bytesText, millisecondsText, percentText, rateText } from './words.ts';

export interface TableProps {
  /** Read aloud. */
  readonly caption: string;
  readonly titles: readonly string[];
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Table({ caption, titles, class: more = '', children }: TableProps) {
  return (
    <table class={`table ${more}`}>
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {titles.map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

export const TRAFFIC_TITLES: readonly string[] = ['Health', 'Rate', 'Errors', 'p50', 'p99'];

/** Below `TRAFFIC_TITLES`. */
export function TrafficCells({
  traffic: { health, requestsPerSecond, bytesPerSecond, errorShare, p50Ms, p99Ms },
  protocol,
}: {
  readonly traffic: TrafficView;
  readonly protocol: EdgeView['protocol'];
}) {
  const http = protocol !== 'tcp';
  return (
    <>
      <td data-title="Health">
        <HealthBadge health={health} />
      </td>
      <td data-title="Rate" class="number">
        {http ? `${rateText(requestsPerSecond)}/s` : bytesText(bytesPerSecond)}
      </td>
      <td data-title="Errors" class={errorShare > 0 ? 'number ill' : 'number'}>
        {http ? percentText(errorShare) : '–'}
      </td>
      <td data-title="p50" class="number">
        {millisecondsText(p50Ms)}
      </td>
      <td data-title="p99" class="number">
        {millisecondsText(p99Ms)}
      </td>
    </>
  );
}
