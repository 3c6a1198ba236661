// The details service: what a book's cover says.
import { json, serve } from './service.ts';

serve('details', [
  { method: 'GET', path: /^\/health$/, answer: (_, response) => json(response, 200, { status: 'Details is healthy' }) },
  {
    method: 'GET',
    path: /^\/details\/(\d+)$/,
    answer: (_, response, [id]) =>
      json(response, 200, {
        id: Number(id),
        author: 'William Shakespeare',
        year: 1595,
        type: 'paperback',
        pages: 200,
        publisher: 'PublisherA',
        language: 'English',
        'ISBN-10': '1234567890',
        'ISBN-13': '123-1234567890',
      }),
  },
]);
