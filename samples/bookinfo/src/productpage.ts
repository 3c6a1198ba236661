// The productpage service: the pages a reader sees, and the same content as JSON.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type PageContent, type Product, frontPage, productPage } from './product-page.ts';
import { cookie, type Fetched, fetchJson, forwardedHeaders, json, serve, serviceUrl } from './service.ts';

const TIMEOUT_MS = 3_000;
const PRODUCT: Product = {
  id: 0,
  title: 'The Comedy of Errors',
  descriptionHtml:
    '<a href="https://en.wikipedia.org/wiki/The_Comedy_of_Errors">Wikipedia Summary</a>: The Comedy of Errors is one of ' +
    "<b>William Shakespeare's</b> early plays: two pairs of twins, parted at birth, meet in one town on one day, " +
    'and everyone takes each for the other.',
};

serve('productpage', [
  { method: 'GET', path: /^\/(index\.html)?$/, answer: (_, response) => html(response, frontPage()) },
  { method: 'GET', path: /^\/health$/, answer: (_, response) => text(response, 'Product page is healthy') },
  { method: 'GET', path: /^\/productpage$/, answer: showProduct },
  { method: 'POST', path: /^\/login$/, answer: logIn },
  { method: 'GET', path: /^\/logout$/, answer: logOut },
  { method: 'GET', path: /^\/api\/v1\/products$/, answer: (_, response) => json(response, 200, [PRODUCT]) },
  { method: 'GET', path: /^\/api\/v1\/products\/(\d+)$/, answer: relay((request, id) => detailsOf(request, id)) },
  {
    method: 'GET',
    path: /^\/api\/v1\/products\/(\d+)\/reviews$/,
    answer: relay((request, id) => reviewsOf(request, id)),
  },
  {
    method: 'GET',
    path: /^\/api\/v1\/products\/(\d+)\/ratings$/,
    answer: relay((request, id) => ratingsOf(request, id)),
  },
]);

async function showProduct(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [details, reviews] = await Promise.all([detailsOf(request, '0'), reviewsOf(request, '0')]);
  html(
    response,
    productPage({
      product: PRODUCT,
      user: userOf(request),
      details: details.body as PageContent['details'],
      reviews: reviews.body as PageContent['reviews'],
    }),
  );
}

function relay(fetched: (request: IncomingMessage, id: string) => Promise<Fetched>) {
  return async (request: IncomingMessage, response: ServerResponse, [id]: readonly string[]): Promise<void> => {
    const { status, body } = await fetched(request, id!);
    json(response, status, body ?? { error: 'Sorry, this is currently unavailable for this book.' });
  };
}

function detailsOf(request: IncomingMessage, id: string): Promise<Fetched> {
  return fetchJson(`${serviceUrl('details')}/details/${id}`, headersOf(request), TIMEOUT_MS);
}

/** Tries twice, as the original does: with a delay of 7 s in ratings both tries time out, and that is the lesson. */
async function reviewsOf(request: IncomingMessage, id: string): Promise<Fetched> {
  const url = `${serviceUrl('reviews')}/reviews/${id}`;
  const first = await fetchJson(url, headersOf(request), TIMEOUT_MS);
  return first.status === 200 ? first : fetchJson(url, headersOf(request), TIMEOUT_MS);
}

function ratingsOf(request: IncomingMessage, id: string): Promise<Fetched> {
  return fetchJson(`${serviceUrl('ratings')}/ratings/${id}`, headersOf(request), TIMEOUT_MS);
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const user = userOf(request);
  return { ...forwardedHeaders(request), ...(user && { 'end-user': user }) };
}

function userOf(request: IncomingMessage): string | undefined {
  const value = cookie(request, 'user');
  if (value === undefined || value === '') return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

async function logIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let form = '';
  for await (const chunk of request) {
    form += String(chunk);
    if (form.length > 4096) break;
  }
  const user = new URLSearchParams(form).get('username') ?? '';
  redirect(response, `user=${encodeURIComponent(user)}; Path=/; HttpOnly; SameSite=Lax`);
}

function logOut(_: IncomingMessage, response: ServerResponse): void {
  redirect(response, 'user=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax');
}

function redirect(response: ServerResponse, setCookie: string): void {
  response.writeHead(302, { location: '/productpage', 'set-cookie': setCookie, 'content-length': 0 });
  response.end();
}

function html(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function text(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
