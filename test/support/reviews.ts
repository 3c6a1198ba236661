// Reads from the product page's JSON which version of reviews has answered.
import type { MeshUnderTest } from './mesh-under-test.ts';

export type ReviewsVersion = 'v1' | 'v2' | 'v3' | 'ratings unavailable' | 'unavailable';

/** v1 has no stars, v2 black ones, v3 red ones. */
export async function reviewsVersion(mesh: MeshUnderTest, user?: string): Promise<ReviewsVersion> {
  const headers: Record<string, string> = user === undefined ? {} : { cookie: `user=${user}` };
  const answer = await mesh.get('/api/v1/products/0/reviews', headers);
  if (answer.status !== 200) return 'unavailable';
  const { reviews } = JSON.parse(answer.body) as { reviews: { rating?: { color?: string; error?: string } }[] };
  const rating = reviews[0]!.rating;
  if (!rating) return 'v1';
  if (rating.error !== undefined) return 'ratings unavailable';
  return rating.color === 'black' ? 'v2' : 'v3';
}

/** How often each version answers in so many requests. */
export async function reviewsCounts(
  mesh: MeshUnderTest,
  requests: number,
  user?: string,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let sent = 0; sent < requests; sent++) {
    const version = await reviewsVersion(mesh, user);
    counts[version] = (counts[version] ?? 0) + 1;
  }
  return counts;
}
