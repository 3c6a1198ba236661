// RouteActionInput → the action of a route: forward, redirect or answer.
import { create } from '@bufbuild/protobuf';
import {
  DirectResponseActionSchema,
  type RedirectAction,
  RedirectAction_RedirectResponseCode,
  RedirectActionSchema,
  type Route,
  type RouteAction,
  type RouteAction_HashPolicy,
  RouteAction_HashPolicySchema,
  RouteActionSchema,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { msToDuration } from '@meltemi/base';
import type { HashPolicyInput, RewriteInput, RouteActionInput } from '../input/route-input.ts';
import { headerOperations } from './header-changes.ts';
import { fractionalPercent } from './percent.ts';
import { retryPolicy } from './retry-policy.ts';

type ForwardInput = Extract<RouteActionInput, { kind: 'forward' }>;

export function routeAction(input: RouteActionInput): Route['action'] {
  switch (input.kind) {
    case 'forward':
      return { case: 'route', value: forward(input) };
    case 'redirect':
      return { case: 'redirect', value: redirect(input) };
    case 'direct':
      return { case: 'directResponse', value: direct(input) };
    case 'application':
      return { case: 'route', value: toApplication(input) };
  }
}

function forward(input: ForwardInput): RouteAction {
  const timeout = msToDuration(input.timeoutMs);
  return create(RouteActionSchema, {
    clusterSpecifier: clusterSpecifier(input),
    timeout,
    // Not max_stream_duration, which would take the place of the timeout, retries and all; as Istio does it.
    maxGrpcTimeout: timeout,
    ...(input.retry && { retryPolicy: retryPolicy(input.retry, input.sticks === true) }),
    ...(input.rewrite && rewrite(input.rewrite)),
    requestMirrorPolicies: input.mirrors.map(({ cluster, millionths }) => ({
      cluster,
      runtimeFraction: { defaultValue: fractionalPercent(millionths) },
      // The copy is asked for by the same name, and is not traced: it is nobody's request.
      disableShadowHostSuffixAppend: true,
      traceSampled: false,
    })),
    hashPolicy: input.hashPolicy.map(hashPolicy),
  });
}

/** As long as it takes, over connections that the application may just have closed. */
function toApplication({ cluster, retried }: Extract<RouteActionInput, { kind: 'application' }>): RouteAction {
  const none = msToDuration(0);
  return create(RouteActionSchema, {
    clusterSpecifier: { case: 'cluster', value: cluster },
    timeout: none,
    maxStreamDuration: { maxStreamDuration: none, grpcTimeoutHeaderMax: none },
    ...(retried && { retryPolicy: { retryOn: 'reset-before-request', numRetries: 2 } }),
  });
}

/** Changes to headers belong to a weighted cluster, so a single destination with some is written as one of weight. */
function clusterSpecifier({ clusters }: ForwardInput): RouteAction['clusterSpecifier'] {
  const weighted = create(RouteActionSchema, {
    clusterSpecifier: {
      case: 'weightedClusters',
      value: {
        clusters: clusters.map(({ cluster, weight, requestHeaders, responseHeaders }) => ({
          name: cluster,
          weight,
          ...headerOperations(requestHeaders, responseHeaders),
        })),
      },
    },
  }).clusterSpecifier;
  const [only] = clusters;
  if (clusters.length !== 1 || !only || changesHeaders(only)) return weighted;
  return { case: 'cluster', value: only.cluster };
}

function changesHeaders({ requestHeaders, responseHeaders }: ForwardInput['clusters'][number]): boolean {
  return [requestHeaders, responseHeaders].some(({ set, add, remove }) => set.length + add.length + remove.length > 0);
}

function rewrite({ uri, uriRegex, authority }: RewriteInput) {
  return {
    ...(uri && { prefixRewrite: uri }),
    ...(uriRegex && { regexRewrite: { pattern: { regex: uriRegex.match }, substitution: uriRegex.rewrite } }),
    ...(authority && { hostRewriteSpecifier: { case: 'hostRewriteLiteral' as const, value: authority } }),
  };
}

function hashPolicy(input: HashPolicyInput): RouteAction_HashPolicy {
  switch (input.kind) {
    case 'header':
      return create(RouteAction_HashPolicySchema, {
        policySpecifier: { case: 'header', value: { headerName: input.name } },
      });
    case 'query':
      return create(RouteAction_HashPolicySchema, {
        policySpecifier: { case: 'queryParameter', value: { name: input.name } },
      });
    case 'source-ip':
      return create(RouteAction_HashPolicySchema, {
        policySpecifier: { case: 'connectionProperties', value: { sourceIp: true } },
      });
    case 'cookie':
      return create(RouteAction_HashPolicySchema, {
        policySpecifier: {
          case: 'cookie',
          value: {
            name: input.name,
            path: input.path,
            ...(input.ttlMs !== undefined && { ttl: msToDuration(input.ttlMs) }),
          },
        },
      });
  }
}

const REDIRECT_CODE: Readonly<Record<number, RedirectAction_RedirectResponseCode>> = {
  301: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  302: RedirectAction_RedirectResponseCode.FOUND,
  303: RedirectAction_RedirectResponseCode.SEE_OTHER,
  307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
  308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
};

function redirect(input: Extract<RouteActionInput, { kind: 'redirect' }>): RedirectAction {
  return create(RedirectActionSchema, {
    responseCode: REDIRECT_CODE[input.status] ?? RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
    hostRedirect: input.authority,
    portRedirect: input.port,
    ...(input.scheme && { schemeRewriteSpecifier: { case: 'schemeRedirect', value: input.scheme } }),
    ...(input.uri && {
      pathRewriteSpecifier: { case: input.prefixRewrite ? 'prefixRewrite' : 'pathRedirect', value: input.uri },
    }),
  });
}

function direct(input: Extract<RouteActionInput, { kind: 'direct' }>) {
  return create(DirectResponseActionSchema, {
    status: input.status,
    ...(input.body && { body: { specifier: { case: 'inlineString', value: input.body } } }),
  });
}
