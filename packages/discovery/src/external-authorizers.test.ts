import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { externalAuthorizers } from './external-authorizers.ts';

const grpc = (more: object = {}) => ({ name: 'a', envoyExtAuthzGrpc: { service: 'authz.shop', port: 9000, ...more } });
const http = (more: object = {}) => ({ name: 'a', envoyExtAuthzHttp: { service: 'authz.shop', port: 9000, ...more } });
const said = (...providers: unknown[]) => externalAuthorizers(providers).problems.map(({ message }) => message);

test('a provider is read with the defaults of Istio; other kinds of providers are left alone', () => {
  const { authorizers, problems } = externalAuthorizers([{ name: 'log', envoyFileAccessLog: {} }, grpc()]);
  assert.deepEqual(problems, []);
  assert.deepEqual(authorizers, [
    {
      name: 'a',
      protocol: 'grpc',
      service: 'authz.shop',
      port: 9000,
      timeoutMs: 600_000,
      failOpen: false,
      clearRouteCache: false,
      statusOnError: undefined,
      body: undefined,
      http: {
        pathPrefix: '',
        sent: [],
        added: [],
        upstreamOnAllow: [],
        downstreamOnAllow: [],
        downstreamOnDeny: [],
      },
    },
  ]);
});

test('a fault is named with its place, and the provider is left out', () => {
  const place = 'mesh config: extensionProviders[0].envoyExtAuthz';
  assert.deepEqual(said(grpc({ port: 70_000 })), [`${place}Grpc.port: 70000 is not the number of a port`]);
  assert.deepEqual(said(grpc({ service: '' })), [
    `${place}Grpc.service: say which service is asked: HOST or NAMESPACE/HOST`,
  ]);
  assert.deepEqual(said(http({ statusOnError: '299' })), [
    `${place}Http.statusOnError: "299" is not the number of an HTTP status`,
  ]);
  assert.deepEqual(said(http({ pathPrefix: 'check' })), [`${place}Http.pathPrefix: "check" does not begin with /`]);
  assert.match(said(http({ headersToUpstreamOnAllow: ['*'] })).join(), /headersToUpstreamOnAllow: every header is too/);
  assert.match(said({ ...grpc(), name: 'A_' }).join(), /extensionProviders\[0\]\.name: "A_" is not a name/);
  assert.deepEqual(externalAuthorizers([grpc({ port: 0 })]).authorizers, []);
});

test('of two with one name neither is asked: nobody knows who is meant', () => {
  assert.deepEqual(externalAuthorizers([grpc(), http()]).authorizers, []);
});

test('nothing that can be written makes reading throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      externalAuthorizers(value);
      externalAuthorizers([value, { name: 'a', envoyExtAuthzHttp: value }]);
    }),
  );
});
