// Turns redirects and fixed responses of a route into their action.
import type { HttpDirectResponse, HttpRedirect } from '@meltemi/config';
import type { RouteActionInput } from './route-input.ts';

/** In a redirect's uri: what followed the matched prefix stays. */
const PREFIX = '%PREFIX()%';

export function redirectAction(redirect: HttpRedirect): RouteActionInput {
  const uri = redirect.uri ?? '';
  const prefixRewrite = uri.startsWith(PREFIX);
  return {
    kind: 'redirect',
    status: redirect.redirectCode ?? 301,
    uri: prefixRewrite ? uri.slice(PREFIX.length) : uri,
    prefixRewrite,
    authority: redirect.authority ?? '',
    scheme: redirect.scheme ?? '',
    port: redirect.port ?? 0,
  };
}

export function directAction(response: HttpDirectResponse): RouteActionInput {
  const { string, bytes } = response.body ?? {};
  const body = string ?? (bytes === undefined ? '' : Buffer.from(bytes, 'base64').toString());
  return { kind: 'direct', status: response.status, body };
}
