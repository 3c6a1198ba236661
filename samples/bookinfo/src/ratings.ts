// The ratings service: stars by reviewer; a POST sets them until the process ends.
import type { IncomingMessage } from 'node:http';
import { json, serve } from './service.ts';

const DEFAULT_RATINGS = { Reviewer1: 5, Reviewer2: 4 };
const MAX_BODY_BYTES = 64 * 1024;
const posted = new Map<number, unknown>();

serve('ratings', [
  { method: 'GET', path: /^\/health$/, answer: (_, response) => json(response, 200, { status: 'Ratings is healthy' }) },
  {
    method: 'GET',
    path: /^\/ratings\/(\d+)$/,
    answer: (_, response, [id]) =>
      json(response, 200, { id: Number(id), ratings: posted.get(Number(id)) ?? DEFAULT_RATINGS }),
  },
  {
    method: 'POST',
    path: /^\/ratings\/(\d+)$/,
    answer: async (request, response, [id]) => {
      const ratings = await readJson(request);
      if (ratings === undefined) return json(response, 400, { error: 'please provide valid ratings JSON' });
      posted.set(Number(id), ratings);
      return json(response, 200, { id: Number(id), ratings });
    },
  },
]);

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
