// Configuration: store → schema → validate → view, and conversions between versions.
export { DirectoryStore, type DirectoryStoreOptions } from './directory-store.ts';
export type { LocatedResource, Origin } from './located-resource.ts';
export type { Destination, L4Match, RouteDestination, StringMatch } from './model/destination.ts';
export type {
  ClientTls,
  ConnectionPool,
  ConsistentHash,
  DestinationRule,
  LoadBalancer,
  OutlierDetection,
  PortTrafficPolicy,
  Subset,
  TrafficPolicy,
} from './model/destination-rule.ts';
export type { Gateway, GatewayServer, NamedPort, ServerTls } from './model/gateway.ts';
export type {
  Container,
  ContainerPort,
  DeploymentSpec,
  EndpointAddress,
  EndpointSubset,
  IngressSpec,
  PodSpec,
  PodStatus,
  PodTemplate,
  ServicePort,
  ServiceSpec,
} from './model/kubernetes.ts';
export type { DestinationPolicy, EgressRule, IstioService, RouteRule } from './model/route-rule.ts';
export type { ServiceEntry, WorkloadEntry } from './model/service-entry.ts';
export type { Sidecar, SidecarEgress, SidecarIngress } from './model/sidecar.ts';
export type {
  CorsPolicy,
  HeaderOperations,
  Headers,
  HttpDirectResponse,
  HttpFault,
  HttpMatch,
  HttpMirror,
  HttpRedirect,
  HttpRetry,
  HttpRewrite,
  HttpRoute,
  HttpRouteDestination,
  Percent,
  TcpRoute,
  TlsRoute,
  VirtualService,
} from './model/virtual-service.ts';
export { CODE } from './problem-code.ts';
export { type ConfigStore, StoreError, type StoreErrorCode, type Watch, type Written } from './store.ts';
export type { ConfigMap, ConfigView, Endpoints, KindName, Pod, ResourceByKind } from './view.ts';
export { buildView } from './build-view.ts';
export { type Decoded, decodeResource } from './decode-resource.ts';
export { type LocatedDocument, type ParsedText, parseDocuments } from './document.ts';
export { type Kind, kindByName, KINDS, kindWords } from './kinds.ts';
export { listFiles } from './read-files.ts';
export { objectToYaml, resourceToObject, resourceToYaml } from './resource-yaml.ts';
export { duplicateProblem } from './unique-resources.ts';
export { validateSet } from './validate-set.ts';
