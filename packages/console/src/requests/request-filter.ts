// Picks the requests that somebody looks for.
import type { RequestView } from '../views/views.ts';

export interface RequestFilter {
  /** In either end's name; empty: any. */
  readonly workload: string;
  /** In method and path; empty: any. */
  readonly path: string;
  /** `2xx` … `5xx`, `failed` (5xx and no answer), or empty: any. */
  readonly status: string;
}

export function readRequestFilter(query: URLSearchParams): RequestFilter {
  const word = (name: string) => (query.get(name) ?? '').trim().slice(0, 200);
  return { workload: word('workload').toLowerCase(), path: word('path').toLowerCase(), status: word('status') };
}

export function fitsFilter({ client, server, method, path, status }: RequestView, filter: RequestFilter): boolean {
  return (
    `${client} ${server}`.toLowerCase().includes(filter.workload) &&
    `${method} ${path}`.toLowerCase().includes(filter.path) &&
    fitsStatus(status, filter.status)
  );
}

function fitsStatus(status: number, wanted: string): boolean {
  if (wanted === '') return true;
  if (wanted === 'failed') return status === 0 || status >= 500;
  return wanted === `${Math.floor(status / 100)}xx`;
}
