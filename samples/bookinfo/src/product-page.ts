// Renders the pages of the bookinfo application: the front page and a product with details and reviews.

export interface Product {
  readonly id: number;
  readonly title: string;
  readonly descriptionHtml: string;
}

interface Review {
  readonly reviewer: string;
  readonly text: string;
  readonly rating?: { readonly stars?: number; readonly color?: string; readonly error?: string };
}

/** What the page shows of a service: its answer, or nothing when it failed. */
export interface PageContent {
  readonly product: Product;
  readonly user: string | undefined;
  readonly details: Readonly<Record<string, string | number>> | undefined;
  readonly reviews: { readonly reviews: readonly Review[]; readonly podname?: string } | undefined;
}

export function frontPage(): string {
  return page(
    'Simple Bookstore App',
    `<main class="front"><h1>Hello! This is a simple bookstore application consisting of three services as shown below</h1>
<ul><li>productpage</li><li>details</li><li>reviews (v1, v2, v3), which asks ratings</li></ul>
<p>Click on one of the links below to auto generate a request to the backend as a real user or a tester</p>
<p><a href="/productpage?u=normal">Normal user</a></p><p><a href="/productpage?u=test">Test user</a></p></main>`,
  );
}

export function productPage(content: PageContent): string {
  const { product } = content;
  return page(
    'Simple Bookstore App',
    `<nav><a class="brand" href="/">BookInfo Sample</a>${account(content.user)}</nav>
<header><h3>${escapeHtml(product.title)}</h3><p>Summary: ${product.descriptionHtml}</p></header>
<main><section class="details">${details(content.details)}</section><section class="reviews">${reviews(content.reviews)}</section></main>`,
  );
}

function account(user: string | undefined): string {
  if (user) return `<span>${escapeHtml(user)} (<a href="/logout">sign out</a>)</span>`;
  return `<form method="post" action="/login"><input name="username" placeholder="User Name" aria-label="User Name" required>
<input name="passwd" type="password" placeholder="Password" aria-label="Password"><button type="submit">Sign in</button></form>`;
}

function details(found: PageContent['details']): string {
  if (!found) {
    return '<h4>Error fetching product details!</h4><p>Sorry, product details are currently unavailable for this book.</p>';
  }
  const rows = ['type', 'pages', 'publisher', 'language', 'ISBN-10', 'ISBN-13'].map(
    (field) =>
      `<dt>${field[0]!.toUpperCase()}${field.slice(1)}:</dt><dd>${escapeHtml(String(found[field] ?? ''))}</dd>`,
  );
  return `<h4>Book Details</h4><dl>${rows.join('')}</dl>`;
}

function reviews(found: PageContent['reviews']): string {
  if (!found) {
    return '<h4>Error fetching product reviews!</h4><p>Sorry, product reviews are currently unavailable for this book.</p>';
  }
  const served = found.podname ? `<p class="served">Reviews served by: ${escapeHtml(found.podname)}</p>` : '';
  return `<h4>Book Reviews</h4>${found.reviews.map(review).join('')}${served}`;
}

function review(found: Review): string {
  return `<blockquote><p>${escapeHtml(found.text)}</p><small>${escapeHtml(found.reviewer)}</small>${stars(found.rating)}</blockquote>`;
}

function stars(rating: Review['rating']): string {
  if (!rating) return '';
  if (rating.stars === undefined)
    return `<p><i>${escapeHtml(rating.error ?? 'Ratings service is currently unavailable')}</i></p>`;
  const full = '<span class="glyphicon glyphicon-star">★</span>'.repeat(rating.stars);
  const empty = '<span class="glyphicon glyphicon-star-empty">☆</span>'.repeat(Math.max(0, 5 - rating.stars));
  return `<font color="${escapeHtml(rating.color ?? 'black')}" role="img" aria-label="${rating.stars} stars">${full}${empty}</font>`;
}

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#222}nav{background:#2b2b2b;color:#ddd;display:flex;gap:1rem;justify-content:space-between;align-items:center;padding:.6rem 1.5rem}
nav a{color:#fff}nav .brand{text-decoration:none;font-weight:600}header{text-align:center;padding:1.5rem;background:#f4f6f8}h3{color:#2a6f97;font-size:1.7rem;margin:.2rem}
main{display:grid;grid-template-columns:1fr 1.4fr;gap:2.5rem;max-width:64rem;margin:1.5rem auto;padding:0 1.5rem}main.front{display:block}h4{color:#2a6f97;font-size:1.25rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}dt{font-weight:600}dd{margin:0}blockquote{border-left:4px solid #e3e8ec;margin:0 0 1.2rem;padding:.2rem 1rem}
blockquote p{margin:.2rem 0}small{color:#666;display:block}small::before{content:"— "}font{font-size:1.3rem}.served{color:#888;font-size:.85rem}
</style></head><body>
${body}
</body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
