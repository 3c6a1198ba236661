// Sends the requests that fit a filter, in batches that a browser can draw.
import type { Clock, Timer } from '@meltemi/base';
import { fitsFilter, type RequestFilter } from '../requests/request-filter.ts';
import type { RequestTaps } from '../requests/request-taps.ts';
import type { RequestView } from '../views/views.ts';
import type { SendEvent } from './event-stream.ts';

const BATCH_MS = 250;
const MAX_ROWS = 50;

/** The result ends it. */
export function streamRequests(taps: RequestTaps, filter: RequestFilter, clock: Clock, send: SendEvent): () => void {
  let rows: RequestView[] = [];
  let omitted = 0;
  let timer: Timer | undefined;
  let untapped = '';
  const flush = () => {
    timer = clock.after(BATCH_MS, flush);
    const now = JSON.stringify(taps.untapped());
    if (rows.length === 0 && now === untapped) return;
    untapped = now;
    send('requests', { rows, omitted, untapped: taps.untapped() });
    [rows, omitted] = [[], 0];
  };
  const unlisten = taps.listen((request) => {
    if (!fitsFilter(request, filter)) return;
    if (rows.length < MAX_ROWS) rows.push(request);
    else omitted++;
  });
  timer = clock.after(BATCH_MS, flush);
  return () => {
    unlisten();
    timer?.cancel();
  };
}
