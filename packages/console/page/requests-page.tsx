// Live requests: a list that grows at the top, with filters, and that holds still when one wants to read.
import { useEffect, useState } from 'preact/hooks';
import type { RequestBatchView } from '../src/views/views.ts';
import type { RequestRow } from './request-rows.ts';
import { Table } from './table.tsx';
import { clockText, millisecondsText } from './words.ts';

export interface RequestFilterText {
  readonly workload: string;
  readonly path: string;
  readonly status: string;
}

export interface RequestsPageProps {
  readonly rows: readonly RequestRow[];
  readonly omitted: number;
  readonly untapped: RequestBatchView['untapped'];
  readonly filter: RequestFilterText;
  readonly paused: boolean;
  readonly onFilter: (filter: RequestFilterText) => void;
  readonly onPause: (paused: boolean) => void;
  readonly onClear: () => void;
}

const STATUSES = [
  ['', 'any'],
  ['2xx', '2xx'],
  ['3xx', '3xx'],
  ['4xx', '4xx'],
  ['5xx', '5xx'],
  ['failed', '5xx or none'],
] as const;

export function RequestsPage(props: RequestsPageProps) {
  const { rows, omitted, untapped } = props;
  return (
    <>
      <div class="title-row">
        <h1>Live requests</h1>
        <p class="summary">
          Seen by the sidecars as they pass; values of queries, other headers and bodies are not shown.
        </p>
      </div>
      <Filters {...props} />
      {untapped.length > 0 && (
        <p class="notice">
          Not seen: {[...new Set(untapped.map(({ workload }) => workload))].join(', ')} ({untapped[0]!.reason})
        </p>
      )}
      {omitted > 0 && <p class="notice">{omitted} more came than could be shown: narrow the filter.</p>}
      {rows.length === 0 ? <p class="empty">Waiting for requests …</p> : <Rows rows={rows} />}
    </>
  );
}

function Filters({ filter, paused, onFilter, onPause, onClear }: RequestsPageProps) {
  return (
    <form class="filters" role="search" aria-label="Filter requests" onSubmit={(event) => event.preventDefault()}>
      <TextFilter
        label="Workload or service"
        value={filter.workload}
        onChange={(workload) => onFilter({ ...filter, workload })}
      />
      <TextFilter label="Method or path" value={filter.path} onChange={(path) => onFilter({ ...filter, path })} />
      <label>
        <span>Status</span>
        <select value={filter.status} onChange={(event) => onFilter({ ...filter, status: event.currentTarget.value })}>
          {STATUSES.map(([value, name]) => (
            <option value={value}>{name}</option>
          ))}
        </select>
      </label>
      <button type="button" aria-pressed={paused} onClick={() => onPause(!paused)}>
        Hold still
      </button>
      <button type="button" onClick={onClear}>
        Clear
      </button>
    </form>
  );
}

interface TextFilterProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Asks anew when the writing rests. */
function TextFilter({ label, value, onChange }: TextFilterProps) {
  const [text, setText] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text !== value) onChange(text);
    }, 300);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label>
      <span>{label}</span>
      <input
        type="search"
        value={text}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  );
}

function Rows({ rows }: { readonly rows: readonly RequestRow[] }) {
  return (
    <Table
      class="requests"
      caption="Live requests, newest first"
      titles={['Time', 'Status', 'Request', 'From', 'To', 'Duration']}
    >
      {rows.map((row) => (
        <tr key={`${row.key} ${row.time} ${row.client}`}>
          <td data-title="Time" class="number">
            {clockText(row.time)}
          </td>
          <td data-title="Status">
            <span class={`status ${statusClass(row.status)}`}>{row.status === 0 ? 'none' : row.status}</span>
          </td>
          <td data-title="Request" class="path">
            <strong>{row.method}</strong> {row.path}
          </td>
          <td data-title="From">{row.client || 'outside the mesh'}</td>
          <td data-title="To">{serverText(row)}</td>
          <td data-title="Duration" class="number">
            {millisecondsText(row.durationMs)}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function statusClass(status: number): string {
  if (status === 0 || status >= 500) return 'failing';
  return status >= 400 ? 'degraded' : 'healthy';
}

/** `reviews-v2`, or the service where no workload answered. */
function serverText({ servedBy, server, mutualTls }: RequestRow): string {
  const name = servedBy || server.replace(/\.svc\.cluster\.local(:\d+)?$/, '$1');
  return mutualTls === false ? `${name} (plaintext)` : name;
}
