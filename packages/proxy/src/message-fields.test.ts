import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type DescMessage } from '@bufbuild/protobuf';
import { refusedField } from '@meltemi/api';
import {
  Cluster_CommonLbConfigSchema as CommonLbConfigSchema,
  ClusterSchema,
} from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { FilterChainSchema } from '@meltemi/api/envoy/config/listener/v3/listener_components_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { HttpConnectionManagerSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { TcpProxySchema } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import {
  CertificateValidationContextSchema,
  TlsCertificateSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import {
  CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { CLUSTER_FIELDS, COMMON_LB_FIELDS } from './cluster/settings/cluster-fields.ts';
import { MANAGER_FIELDS } from './http/manager-fields.ts';
import { FILTER_CHAIN_FIELDS, LISTENER_FIELDS } from './listener/listener-fields.ts';
import { TCP_PROXY_FIELDS } from './tcp/tcp-fields.ts';
import {
  CERTIFICATE_FIELDS,
  COMMON_TLS_FIELDS,
  DOWNSTREAM_TLS_FIELDS,
  UPSTREAM_TLS_FIELDS,
  VALIDATION_FIELDS,
} from './tls/tls-fields.ts';

const DECIDED: readonly (readonly [DescMessage, object])[] = [
  [HttpConnectionManagerSchema, MANAGER_FIELDS],
  [ClusterSchema, CLUSTER_FIELDS],
  [CommonLbConfigSchema, COMMON_LB_FIELDS],
  [ListenerSchema, LISTENER_FIELDS],
  [FilterChainSchema, FILTER_CHAIN_FIELDS],
  [TcpProxySchema, TCP_PROXY_FIELDS],
  [CommonTlsContextSchema, COMMON_TLS_FIELDS],
  [TlsCertificateSchema, CERTIFICATE_FIELDS],
  [CertificateValidationContextSchema, VALIDATION_FIELDS],
  [DownstreamTlsContextSchema, DOWNSTREAM_TLS_FIELDS],
  [UpstreamTlsContextSchema, UPSTREAM_TLS_FIELDS],
];

for (const [schema, rules] of DECIDED) {
  test(`every field of ${schema.name} is decided about`, () => {
    const fields = schema.fields.map((field) => field.name);
    assert.ok(fields.length > 3);
    assert.deepEqual(Object.keys(rules).sort(), [...fields].sort());
  });
}

const REFUSED: readonly (readonly [string | undefined, string])[] = [
  [
    refusedField(
      HttpConnectionManagerSchema,
      MANAGER_FIELDS,
      create(HttpConnectionManagerSchema, { proxyStatusConfig: {}, mergeSlashes: true }),
    ),
    'proxy_status_config is not supported',
  ],
  [
    refusedField(ClusterSchema, CLUSTER_FIELDS, create(ClusterSchema, { lrsServer: {} })),
    'lrs_server is not supported: load reporting (LRS)',
  ],
  [
    refusedField(
      UpstreamTlsContextSchema,
      UPSTREAM_TLS_FIELDS,
      create(UpstreamTlsContextSchema, { allowRenegotiation: true }),
    ),
    'allow_renegotiation is not supported',
  ],
];

test('a field that can not be honoured is refused by its name', () => {
  for (const [found, message] of REFUSED) assert.equal(found, message);
});
