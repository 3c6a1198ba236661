// Turns a redirect action into the location of one request.
import {
  type RedirectAction,
  RedirectAction_RedirectResponseCode as Code,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { PathMatch } from './path-match.ts';
import type { RequestView } from './request-view.ts';
import { type PathRewrite, prefixRewrite, regexRewrite } from './rewrite.ts';

export interface Redirect {
  readonly status: number;
  readonly location: (request: RequestView) => string;
}

const STATUS: Readonly<Record<Code, number>> = {
  [Code.MOVED_PERMANENTLY]: 301,
  [Code.FOUND]: 302,
  [Code.SEE_OTHER]: 303,
  [Code.TEMPORARY_REDIRECT]: 307,
  [Code.PERMANENT_REDIRECT]: 308,
};

/** Throws DecideError. https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-redirectaction */
export function compileRedirect(action: RedirectAction, match: PathMatch): Redirect {
  const rewritePath = compilePath(action, match);
  const port = action.portRedirect === 0 ? '' : `:${action.portRedirect}`;
  return {
    status: STATUS[action.responseCode],
    location(request) {
      const scheme = newScheme(action, request);
      const host = action.hostRedirect || hostForScheme(request, scheme, port !== '');
      return `${scheme}://${host}${port}${rewritePath(request.path)}`;
    },
  };
}

/** Where a request that must come by TLS is sent. */
export function tlsLocation(request: RequestView): string {
  return `https://${request.authority}${request.path}`;
}

function compilePath(action: RedirectAction, match: PathMatch): PathRewrite {
  const specifier = action.pathRewriteSpecifier;
  switch (specifier.case) {
    case 'pathRedirect':
      return specifier.value === '' ? keepPath(action.stripQuery) : newPath(specifier.value, action.stripQuery);
    case 'prefixRewrite':
      return queryRule(
        specifier.value === '' ? (path) => path : prefixRewrite(specifier.value, match),
        action.stripQuery,
      );
    case 'regexRewrite':
      return queryRule(regexRewrite(specifier.value), action.stripQuery);
    case undefined:
      return keepPath(action.stripQuery);
  }
}

// A query in path_redirect wins over the request's and is never stripped.
function newPath(replacement: string, stripQuery: boolean): PathRewrite {
  if (replacement.includes('?') || stripQuery) return () => replacement;
  return (path) => {
    const query = path.indexOf('?');
    return query < 0 ? replacement : replacement + path.slice(query);
  };
}

function keepPath(stripQuery: boolean): PathRewrite {
  return queryRule((path) => path, stripQuery);
}

function queryRule(rewrite: PathRewrite, stripQuery: boolean): PathRewrite {
  if (!stripQuery) return rewrite;
  return (path) => {
    const rewritten = rewrite(path);
    const query = rewritten.indexOf('?');
    return query < 0 ? rewritten : rewritten.slice(0, query);
  };
}

function newScheme(action: RedirectAction, request: RequestView): string {
  const specifier = action.schemeRewriteSpecifier;
  if (specifier.case === 'schemeRedirect' && specifier.value !== '') return specifier.value;
  if (specifier.case === 'httpsRedirect' && specifier.value) return 'https';
  return request.scheme;
}

// The port goes when a new one comes, or when it was the old scheme's own.
function hostForScheme(request: RequestView, scheme: string, newPort: boolean): string {
  const { authority } = request;
  const v6End = authority.startsWith('[') ? authority.lastIndexOf(']:') : -1;
  const portStart = authority.startsWith('[') ? (v6End < 0 ? -1 : v6End + 1) : authority.lastIndexOf(':');
  if (portStart < 0) return authority;
  const port = authority.slice(portStart);
  const wasDefault =
    scheme !== request.scheme &&
    ((request.scheme === 'https' && port === ':443') || (request.scheme === 'http' && port === ':80'));
  return newPort || wasDefault ? authority.slice(0, portStart) : authority;
}
