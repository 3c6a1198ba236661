// Joins what both sides say of a request into one row, newest first, up to a limit.
import type { RequestView } from '../src/views/views.ts';

/** A request, as far as it is known: `server` is the service that was asked, or its workload. */
export interface RequestRow extends Omit<RequestView, 'side'> {
  /** The workload that answered; empty: none said so. */
  readonly servedBy: string;
  readonly sides: readonly RequestView['side'][];
}

export const MAX_ROWS = 200;

export function addRequests(rows: readonly RequestRow[], requests: readonly RequestView[]): readonly RequestRow[] {
  const joined = [...rows];
  for (const request of requests) {
    // A try is answered at its server before its client hears of it: the newest row that lacks this side.
    const index = joined.findLastIndex(({ key, sides }) => key === request.key && !sides.includes(request.side));
    if (index === -1) joined.unshift(rowOf(request));
    else joined[index] = joinRow(joined[index]!, request);
  }
  return joined.toSorted((a, b) => b.time - a.time).slice(0, MAX_ROWS);
}

function rowOf({ side, ...request }: RequestView): RequestRow {
  return { ...request, servedBy: side === 'server' ? request.server : '', sides: [side] };
}

/** Its client's word holds, but for who served it. */
function joinRow(row: RequestRow, request: RequestView): RequestRow {
  const [client, server] = request.side === 'client' ? [rowOf(request), row] : [row, rowOf(request)];
  return {
    ...client,
    time: Math.min(row.time, request.time),
    servedBy: server.servedBy,
    mutualTls: server.mutualTls,
    sides: ['client', 'server'],
  };
}
