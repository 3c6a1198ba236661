// Configuration: store → schema → validate → view, and conversions between versions.
export { type AdmissionAnswer, type AdmissionReview, answerReview } from './admission-review.ts';
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
export type {
  ApplyTo,
  ClusterPatchMatch,
  EnvoyConfigPatch,
  EnvoyFilter,
  ListenerPatchMatch,
  PatchContext,
  PatchOperation,
  RoutePatchMatch,
} from './model/envoy-filter.ts';
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
export type { EgressRule } from './model/egress-rule.ts';
export type { DestinationPolicy, IstioService, RouteRule } from './model/route-rule.ts';
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
export { securityPolicies, type SecurityPolicies } from './convert/security-policies.ts';
export { istioServiceHost } from './convert/istio-service.ts';
export { convertDocuments } from './convert/v1alpha3/convert-documents.ts';
export type { V1alpha3Document } from './convert/v1alpha3/document.ts';
export type { AuthenticationPolicy } from './model/authentication-policy.ts';
export type { AuthorizationPolicy } from './model/authorization-policy.ts';
export type { HttpApiSpec, HttpApiSpecBinding, QuotaSpec, QuotaSpecBinding } from './model/api-spec.ts';
export type { Denier, ListChecker } from './model/mixer/check-adapters.ts';
export type { MemQuota, QuotaAmount, QuotaLimit } from './model/mixer/quota-adapters.ts';
export type { Stdio } from './model/mixer/report-adapters.ts';
export type { AttributeManifest, Handler, Instance, Rule, RuleAction } from './model/mixer/rule.ts';
export type { ListEntry, LogEntry, Metric, QuotaInstance } from './model/mixer/templates.ts';
export type { MutualTls, PeerAuthentication } from './model/peer-authentication.ts';
export type { LocalityLoadBalancing } from './model/locality-load-balancing.ts';
export type { ProxyConfig } from './model/proxy-config.ts';
export type { RbacConfig, ServiceRole, ServiceRoleBinding } from './model/rbac.ts';
export type { JwtRule, RequestAuthentication } from './model/request-authentication.ts';
export type {
  ExtensionProvider,
  FileLogProvider,
  OpenTelemetryProvider,
  ProviderHeader,
  ProviderService,
  ZipkinProvider,
} from './model/extension-provider.ts';
export { UNSERVED_PROVIDERS } from './model/extension-provider.ts';
export {
  decodeMeshConfig,
  type CertificateData,
  decodeProxyConfig,
  type DefaultProxyConfig,
  type MeshConfig,
  type MeshConfigFinding,
} from './model/mesh-config.ts';
export { decodeMeshNetworks, type MeshNetwork, type MeshNetworkGateway } from './model/mesh-networks.ts';
export { MIXER_KINDS } from './kinds/mixer-kinds.ts';
export { MESH_CONFIG_FIELDS, type MeshConfigField } from './model/mesh-config-schema.ts';
export type { AccessLogging, Metrics, Telemetry, Tracing, TracingTag, TrafficMode } from './model/telemetry.ts';
export type { LimitKey, RateLimitPolicy, RequestLimit, RequestLimitMatch } from './model/rate-limit-policy.ts';
export type { WorkloadGroup } from './model/workload-group.ts';
export { type ConfiguredPod, effectiveProxyConfig } from './effective-proxy-config.ts';
export type { AccountKeys } from './kube/account-secret.ts';
export { type Account, AccountSecrets, type AccountSecretsOptions } from './kube/account-secrets.ts';
export { type ResourceDefinition, resourceDefinitions } from './kube/resource-definitions.ts';
export { JoinedStore } from './joined-store.ts';
export { KubeClient, type KubeRequest } from './kube/kube-client.ts';
export { KubeError } from './kube/kube-error.ts';
export { KubeStore } from './kube/kube-store.ts';
export { LeaderLease } from './kube/leader-lease.ts';
export { StatusWriter } from './kube/status-writer.ts';
export { RootConfigMaps } from './kube/root-config-maps.ts';
export { inClusterAccess, type KubeAccess, readKubeconfig } from './kube/kubeconfig.ts';
export { CODE } from './problem-code.ts';
export {
  type ConfigStore,
  type StoreContents,
  StoreError,
  type StoreErrorCode,
  type Watch,
  type Written,
} from './store.ts';
export type {
  ConfigMap,
  ConfigView,
  Endpoints,
  EndpointSlice,
  KindName,
  Pod,
  ResourceByKind,
  Secret,
  ServiceEntryObject,
} from './view.ts';
export { analyzeView } from './analysis/analyze.ts';
export type { Analyzer } from './analysis/analyzer.ts';
export { ANALYZERS, ROUTING } from './analysis/analyzers.ts';
export { type Level, levelOf, LEVELS } from './analysis/level.ts';
export { isSuppressed, SUPPRESS, suppresses, type Suppression } from './analysis/suppression.ts';
export { replaceFile } from './atomic-file.ts';
export { buildView } from './build-view.ts';
export { type Decoded, decodeResource } from './decode-resource.ts';
export { type LocatedDocument, type ParsedText, parseDocuments } from './document.ts';
export { watchDirectories } from './watch-directories.ts';
export { type Kind, kindByName, KINDS, kindWords } from './kinds.ts';
export { isRead, listFiles } from './read-files.ts';
export { objectToYaml, resourceToObject, resourceToYaml } from './resource-yaml.ts';
export { duplicateProblem } from './unique-resources.ts';
export { validateSet } from './validate-set.ts';
