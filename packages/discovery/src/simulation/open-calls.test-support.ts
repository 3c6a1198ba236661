// For tests: recorded calls that do not come out as recorded, each with the reason.

const REFUSED = 'Istio makes two equal chains, which Envoy refuses as a whole; here the older Gateway stands';
const INGRESS =
  'Ingresses become Gateways of other names here, and one host of two Ingresses with TLS is the first one’s';
const DYNAMIC_DNS = 'the mode ALLOW_ANY_DYNAMIC_DNS is not known';
const GATEWAY_API = 'HTTPRoutes of the Gateway API are not read';

const DYNAMIC = 'sidecar/TestPassthroughTraffic/ALLOW_ANY_DYNAMIC_DNS/without VIP';
const SHARED_CERTIFICATE = 'gateway/TestIngress/ingress shared TLS cert conflict - alpha first';
const HTTP_ROUTES = 'sidecar/TestSidecarRoutes/httproute';

export const OPEN_CALLS: ReadonlyMap<string, string> = new Map([
  ['gateway/TestGatewayConflicts/duplicate tls gateway: 0 call', REFUSED],
  [`${SHARED_CERTIFICATE}: 2 https alpha`, INGRESS],
  [`${SHARED_CERTIFICATE}: 3 https beta`, INGRESS],
  [`${DYNAMIC}: 0 http-plaintext-80`, DYNAMIC_DNS],
  [`${DYNAMIC}: 1 http-plaintext-81`, DYNAMIC_DNS],
  [`${DYNAMIC}: 5 http-plaintext-85`, DYNAMIC_DNS],
  [`${DYNAMIC}: 6 http-plaintext-86`, DYNAMIC_DNS],
  [`${HTTP_ROUTES}/consumer rule port 8080`, GATEWAY_API],
  [`${HTTP_ROUTES}/multiple rules 80`, GATEWAY_API],
  [`${HTTP_ROUTES}/producer rule port 80`, GATEWAY_API],
  [`${HTTP_ROUTES}/same namespace conflict`, GATEWAY_API],
  [`${HTTP_ROUTES}/simple port 8080`, GATEWAY_API],
]);
