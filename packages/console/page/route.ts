// Turns the fragment of the page's address into the page that it names, and back.

export type Route =
  | { readonly page: 'graph' }
  | { readonly page: 'service'; readonly id: string }
  | { readonly page: 'requests'; readonly workload: string }
  | { readonly page: 'config' };

export function hrefOf(route: Route): string {
  switch (route.page) {
    case 'graph':
      return '#/';
    case 'service':
      return `#/service/${encodeURIComponent(route.id)}`;
    case 'requests':
      return route.workload === '' ? '#/requests' : `#/requests/${encodeURIComponent(route.workload)}`;
    case 'config':
      return '#/config';
  }
}

export function routeOf(fragment: string): Route {
  const [, page = '', word = ''] = fragment.split('/');
  switch (page) {
    case 'service':
      return { page, id: decoded(word) };
    case 'requests':
      return { page, workload: decoded(word) };
    case 'config':
      return { page };
    default:
      return { page: 'graph' };
  }
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
