// The reviews service: two reviews, with stars from the ratings service where this version has them.
import type { IncomingMessage } from 'node:http';
import { fetchJson, forwardedHeaders, json, serve, serviceUrl } from './service.ts';

const showsStars = process.env['ENABLE_RATINGS'] === 'true';
const starColor = process.env['STAR_COLOR'] ?? 'black';
/** v2 waits long for ratings, v3 does not: the fault-injection task shows the difference. */
const ratingsTimeoutMs = starColor === 'black' ? 10_000 : 2_500;

serve(`reviews ${process.env['SERVICE_VERSION'] ?? 'v1'}`, [
  { method: 'GET', path: /^\/health$/, answer: (_, response) => json(response, 200, { status: 'Reviews is healthy' }) },
  {
    method: 'GET',
    path: /^\/reviews\/(\d+)$/,
    answer: async (request, response, [id]) => {
      const ratings = showsStars ? await ratingsOf(request, id!) : {};
      json(response, 200, {
        id,
        podname: process.env['POD_NAME'] ?? process.env['HOSTNAME'] ?? 'unknown',
        reviews: [
          {
            reviewer: 'Reviewer1',
            text: 'An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!',
            ...ratings['Reviewer1'],
          },
          {
            reviewer: 'Reviewer2',
            text: 'Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by Shakespeare.',
            ...ratings['Reviewer2'],
          },
        ],
      });
    },
  },
]);

type Rating = { readonly rating: { readonly stars: number; readonly color: string } | { readonly error: string } };

async function ratingsOf(request: IncomingMessage, id: string): Promise<Record<string, Rating>> {
  const url = `${serviceUrl('ratings')}/ratings/${id}`;
  const { status, body } = await fetchJson(url, forwardedHeaders(request), ratingsTimeoutMs);
  const stars = status === 200 ? (body as { ratings?: Record<string, number> }).ratings : undefined;
  return { Reviewer1: rating(stars?.['Reviewer1']), Reviewer2: rating(stars?.['Reviewer2']) };
}

function rating(stars: number | undefined): Rating {
  if (stars === undefined) return { rating: { error: 'Ratings service is currently unavailable' } };
  return { rating: { stars, color: starColor } };
}
