// Virtual hosts whose domains cover each other, and requests for hosts of all kinds.
import type { JsonObject } from '@bufbuild/protobuf';
import type { TestRequest } from './random-requests.ts';
import { ROUTE_HEADER } from './random-routes.ts';

const DOMAINS = [
  'reviews',
  'reviews:9080',
  'reviews.default',
  'Ratings.Default',
  'reviews.*',
  'reviews.default.*',
  '*.default',
  '*default',
  '*.svc.cluster.local',
  '*-x.svc.cluster.local',
  '[::1]',
  '127.0.0.1:80',
  '*',
];

const NAMES = ['reviews', 'REVIEWS', 'ratings', 'a-x', 'reviews.', '127.0.0.1', '[::1]', '[::2]', 'default', 'x'];
const ENDINGS = ['', '.default', '.Default', '.default.svc.cluster.local', '.svc.cluster.local', 'default'];
const PORTS = ['', ':80', ':9080', ':'];

/** One virtual host for each domain; its one route has the domain as name. */
export function hostRoutes(ignorePort: boolean): JsonObject {
  return {
    name: 'hosts',
    ignorePortInHostMatching: ignorePort,
    responseHeadersToAdd: [{ header: { key: ROUTE_HEADER, value: '%ROUTE_NAME%' } }],
    virtualHosts: DOMAINS.map((domain) => ({
      name: domain,
      domains: [domain],
      routes: [{ name: domain, match: { prefix: '/' }, directResponse: { status: 200 } }],
    })),
  };
}

/** Every name with every ending and port. */
export const HOST_REQUESTS: readonly TestRequest[] = NAMES.flatMap((name) =>
  ENDINGS.flatMap((ending) =>
    PORTS.map((port) => ({ method: 'GET', authority: `${name}${ending}${port}`, path: '/', headers: {} })),
  ),
);
