import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildView } from '../build-view.ts';
import { decodeResource } from '../decode-resource.ts';
import { parseDocuments } from '../document.ts';
import type { LocatedResource } from '../located-resource.ts';
import { securityPolicies } from './security-policies.ts';

const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {auth.istio.io/9000: NONE}}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 9000}]}
`;

function read(...texts: readonly string[]) {
  const { documents } = parseDocuments([SERVICE, ...texts].join('\n---\n'), 'rules.yaml');
  const decoded = documents.map((document) => decodeResource(document));
  const resources = decoded.flatMap(({ resource }) => (resource ? [resource] : []));
  assert.equal(resources.length, texts.length + 1, JSON.stringify(decoded));
  return securityPolicies(buildView(resources, []), 'cluster.local');
}

const object = (group: string, kind: string, name: string, spec: object, namespace = 'shop') =>
  JSON.stringify({ apiVersion: `${group}.istio.io/v1alpha1`, kind, metadata: { name, namespace }, spec });
const short = ({ metadata, spec }: LocatedResource) => [`${metadata.namespace}/${metadata.name}`, spec];

test('policies of mutual TLS become one PeerAuthentication for each service, and those of namespaces and the mesh', () => {
  const { peerAuthentications } = read(
    object('authentication', 'MeshPolicy', 'default', { peers: [{ mtls: { mode: 'PERMISSIVE' } }] }),
    object('authentication', 'Policy', 'default', {}),
    object('authentication', 'Policy', 'web', { targets: [{ name: 'web' }], peers: [{ mtls: {} }] }),
    object('authentication', 'Policy', 'port', { targets: [{ name: 'web', ports: [{ number: 80 }] }] }),
  );
  assert.deepEqual(peerAuthentications.map(short), [
    [
      'shop/web',
      {
        selector: { matchLabels: { app: 'web' } },
        mtls: { mode: 'STRICT' },
        portLevelMtls: { 8080: { mode: 'DISABLE' }, 9000: { mode: 'DISABLE' } },
      },
    ],
    ['shop/default', { mtls: { mode: 'DISABLE' } }],
    ['/default', { mtls: { mode: 'PERMISSIVE' } }],
  ]);
});

test('origins become the tokens that are read, and a rule that asks for one', () => {
  const { requestAuthentications, authorizationPolicies } = read(
    object('authentication', 'Policy', 'web', {
      targets: [{ name: 'web' }],
      origins: [
        {
          jwt: {
            issuer: 'shop',
            jwksUri: 'https://shop/keys',
            jwtHeaders: ['Authorization', 'x-token'],
            triggerRules: [{ includedPaths: [{ prefix: '/private/' }], excludedPaths: [{ suffix: '.css' }] }],
          },
        },
      ],
    }),
  );
  const selector = { matchLabels: { app: 'web' } };
  const fromHeaders = [{ name: 'Authorization', prefix: 'Bearer ' }, { name: 'x-token' }];
  const jwtRules = [{ issuer: 'shop', jwksUri: 'https://shop/keys', fromHeaders, forwardOriginalToken: true }];
  assert.deepEqual(requestAuthentications.map(short), [['shop/web-web', { selector, jwtRules }]]);
  const to = [{ operation: { paths: ['/private/*'], notPaths: ['*.css'] } }];
  const rules = [{ from: [{ source: { notRequestPrincipals: ['*'] } }], to }];
  assert.deepEqual(authorizationPolicies.map(short), [['shop/web-web', { selector, action: 'DENY', rules }]]);
});

test('an optional origin asks nobody for a token', () => {
  const origins = [{ jwt: { issuer: 'shop' } }];
  const { authorizationPolicies } = read(
    object('authentication', 'Policy', 'default', { origins, originIsOptional: true }),
  );
  assert.deepEqual(authorizationPolicies, []);
});

test('roles and bindings become the AuthorizationPolicy of each service; without a role nobody gets in', () => {
  const role = object('rbac', 'ServiceRole', 'viewer', {
    rules: [
      {
        services: ['web.shop.*'],
        methods: ['GET'],
        paths: ['*'],
        constraints: [
          { key: 'destination.labels[app]', values: ['w*'] },
          { key: 'request.headers[x]', values: ['1'] },
        ],
      },
      { services: ['*'], constraints: [{ key: 'destination.namespace', values: ['bank'] }] },
    ],
  });
  const binding = object('rbac', 'ServiceRoleBinding', 'viewers', {
    subjects: [{ user: '*' }, { user: 'cluster.local/ns/a/sa/b', properties: { 'source.namespace': 'a' } }],
    roleRef: { kind: 'ServiceRole', name: 'viewer' },
  });
  const on = object('rbac', 'ClusterRbacConfig', 'default', { mode: 'ON' });
  const { authorizationPolicies } = read(role, binding, on);
  const header = { key: 'request.headers[x]', values: ['1'] };
  const to = [{ operation: { methods: ['GET'], ports: ['8080', '9000'] } }];
  assert.deepEqual(authorizationPolicies.map(short), [
    [
      'shop/rbac-web',
      {
        selector: { matchLabels: { app: 'web' } },
        rules: [
          { to, when: [header] },
          {
            from: [{ source: { principals: ['cluster.local/ns/a/sa/b'] } }],
            to,
            when: [{ key: 'source.namespace', values: ['a'] }, header],
          },
        ],
      },
    ],
  ]);
  const [none] = read(on).authorizationPolicies;
  assert.deepEqual(none?.spec.rules, []);
  const excluded = { mode: 'ON_WITH_EXCLUSION', exclusion: { namespaces: ['shop'] } };
  assert.deepEqual(read(object('rbac', 'ClusterRbacConfig', 'default', excluded)).authorizationPolicies, []);
});

test('access that is only tried refuses nobody', () => {
  const { authorizationPolicies } = read(
    object('rbac', 'RbacConfig', 'default', { mode: 'ON', enforcementMode: 'PERMISSIVE' }),
  );
  assert.deepEqual(
    authorizationPolicies.map(({ metadata }) => metadata.annotations),
    [{ 'istio.io/dry-run': 'true' }],
  );
});
