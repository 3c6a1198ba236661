// The kinds of security, telemetry and extensions, of today and of Istio 1.0.
import type { Kind } from '../kind.ts';
import { checkMeshPolicyName, checkPolicyName, meshPolicySchema } from '../model/authentication-policy.ts';
import { authorizationPolicySchema } from '../model/authorization-policy-schema.ts';
import { trafficExtensionSchema, wasmPluginSchema } from '../model/extensions.ts';
import { peerAuthenticationSchema } from '../model/peer-authentication.ts';
import { rateLimitPolicySchema } from '../model/rate-limit-policy.ts';
import { checkRbacConfigName, rbacConfigSchema, serviceRoleBindingSchema, serviceRoleSchema } from '../model/rbac.ts';
import { requestAuthenticationSchema } from '../model/request-authentication.ts';
import { telemetrySchema } from '../model/telemetry.ts';

const UNFOLLOWED = { ours: true, unfollowed: true, names: [] } as const;
const SECURITY = { ours: true, names: [], groups: ['security.istio.io'], versions: ['v1', 'v1beta1'] } as const;
const EXTENSIONS = { ...UNFOLLOWED, groups: ['extensions.istio.io'], versions: ['v1alpha1'] } as const;
const AUTHENTICATION = { ours: true, names: [], groups: ['authentication.istio.io'], versions: ['v1alpha1'] } as const;
const RBAC = { ours: true, names: [], groups: ['rbac.istio.io'], versions: ['v1alpha1'] } as const;

export const POLICY_KINDS: readonly Kind[] = [
  {
    ...SECURITY,
    kind: 'AuthorizationPolicy',
    type: 'authorization-policy',
    plural: 'authorizationpolicies',
    names: ['ap', 'authorization-policies'],
    schema: authorizationPolicySchema,
  },
  {
    ...SECURITY,
    kind: 'PeerAuthentication',
    type: 'peer-authentication',
    plural: 'peerauthentications',
    names: ['pa'],
    schema: peerAuthenticationSchema,
  },
  {
    ...SECURITY,
    kind: 'RequestAuthentication',
    type: 'request-authentication',
    plural: 'requestauthentications',
    names: ['ra'],
    schema: requestAuthenticationSchema,
  },
  {
    ...UNFOLLOWED,
    unfollowed: false,
    kind: 'Telemetry',
    groups: ['telemetry.istio.io'],
    versions: ['v1', 'v1alpha1'],
    type: 'telemetry',
    plural: 'telemetries',
    schema: telemetrySchema,
  },
  {
    kind: 'RateLimitPolicy',
    groups: ['policy.meltemi.io'],
    versions: ['v1alpha1'],
    type: 'rate-limit-policy',
    plural: 'ratelimitpolicies',
    names: ['rate-limit-policies'],
    ours: true,
    schema: rateLimitPolicySchema,
  },
  { ...EXTENSIONS, kind: 'WasmPlugin', type: 'wasm-plugin', plural: 'wasmplugins', schema: wasmPluginSchema },
  {
    ...EXTENSIONS,
    kind: 'TrafficExtension',
    type: 'traffic-extension',
    plural: 'trafficextensions',
    schema: trafficExtensionSchema,
  },
  {
    ...AUTHENTICATION,
    kind: 'Policy',
    type: 'policy',
    plural: 'policies',
    schema: meshPolicySchema,
    checkName: checkPolicyName,
  },
  {
    ...AUTHENTICATION,
    kind: 'MeshPolicy',
    type: 'mesh-policy',
    plural: 'meshpolicies',
    names: ['mesh-policies'],
    clusterScoped: true,
    schema: meshPolicySchema,
    checkName: checkMeshPolicyName,
  },
  { ...RBAC, kind: 'ServiceRole', type: 'service-role', plural: 'serviceroles', schema: serviceRoleSchema },
  {
    ...RBAC,
    kind: 'ServiceRoleBinding',
    type: 'service-role-binding',
    plural: 'servicerolebindings',
    schema: serviceRoleBindingSchema,
  },
  { ...RBAC, kind: 'RbacConfig', type: 'rbac-config', plural: 'rbacconfigs', schema: rbacConfigSchema },
  {
    ...RBAC,
    kind: 'ClusterRbacConfig',
    type: 'cluster-rbac-config',
    plural: 'clusterrbacconfigs',
    clusterScoped: true,
    schema: rbacConfigSchema,
    checkName: checkRbacConfigName,
  },
];
