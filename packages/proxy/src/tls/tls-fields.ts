// What becomes of each field of a TLS context: what is asked for and can't be had is refused, for to leave it out would trust more than was wanted, or less.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls.proto
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { type FieldRules, refusedField } from '@meltemi/api';
import {
  type CertificateValidationContext,
  CertificateValidationContextSchema,
  type TlsCertificate,
  TlsCertificateSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import {
  type CommonTlsContext,
  CommonTlsContextSchema,
  DownstreamTlsContext_OcspStaplePolicy as OcspPolicy,
  type DownstreamTlsContext,
  type UpstreamTlsContext,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { TlsConfigError } from './tls-config-error.ts';

export const COMMON_TLS_FIELDS: FieldRules<CommonTlsContext> = {
  tls_params: 'honoured',
  tls_certificates: 'honoured',
  tls_certificate_sds_secret_configs: 'honoured',
  tls_certificate_provider_instance: { refused: '' },
  tls_certificate_certificate_provider: { refused: '' },
  tls_certificate_certificate_provider_instance: { refused: '' },
  validation_context: 'honoured',
  validation_context_sds_secret_config: 'honoured',
  combined_validation_context: 'honoured',
  validation_context_certificate_provider: { refused: '' },
  validation_context_certificate_provider_instance: { refused: '' },
  alpn_protocols: 'honoured',
  custom_handshaker: { refused: '' },
  key_log: { harmless: 'keys are written nowhere, on purpose' },
};

export const CERTIFICATE_FIELDS: FieldRules<TlsCertificate> = {
  certificate_chain: 'honoured',
  private_key: 'honoured',
  pkcs12: { refused: '' },
  watched_directory: 'honoured',
  private_key_provider: { refused: '' },
  password: 'honoured',
  ocsp_staple: { refused: '' },
  signed_certificate_timestamp: { refused: '' },
};

export const VALIDATION_FIELDS: FieldRules<CertificateValidationContext> = {
  trusted_ca: 'honoured',
  ca_certificate_provider_instance: { refused: '' },
  system_root_certs: 'honoured',
  watched_directory: 'honoured',
  verify_certificate_spki: 'honoured',
  verify_certificate_hash: 'honoured',
  match_typed_subject_alt_names: 'honoured',
  match_subject_alt_names: 'honoured',
  require_signed_certificate_timestamp: {
    refused: '',
    where: ({ requireSignedCertificateTimestamp }) => requireSignedCertificateTimestamp === true,
  },
  crl: 'honoured',
  allow_expired_certificate: { refused: 'OpenSSL keeps only the last of several faults: expired could hide untrusted' },
  trust_chain_verification: 'honoured',
  custom_validator_config: 'honoured',
  only_verify_leaf_cert_crl: { refused: '' },
  max_verify_depth: {
    refused: 'it is 100, as Envoy’s default',
    where: ({ maxVerifyDepth = 100 }) => maxVerifyDepth < 100,
  },
};

export const DOWNSTREAM_TLS_FIELDS: FieldRules<DownstreamTlsContext> = {
  common_tls_context: 'honoured',
  require_client_certificate: 'honoured',
  require_sni: 'honoured',
  session_ticket_keys: 'honoured',
  session_ticket_keys_sds_secret_config: { refused: '' },
  disable_stateless_session_resumption: 'honoured',
  disable_stateful_session_resumption: { harmless: 'sessions are kept in tickets only' },
  session_timeout: 'honoured',
  ocsp_staple_policy: {
    refused: '',
    where: ({ ocspStaplePolicy }) => ocspStaplePolicy !== OcspPolicy.LENIENT_STAPLING,
  },
  full_scan_certs_on_sni_mismatch: {
    refused: '',
    where: ({ fullScanCertsOnSniMismatch }) => fullScanCertsOnSniMismatch === true,
  },
};

export const UPSTREAM_TLS_FIELDS: FieldRules<UpstreamTlsContext> = {
  common_tls_context: 'honoured',
  sni: 'honoured',
  allow_renegotiation: { refused: '' },
  max_session_keys: 'honoured',
  enforce_rsa_key_usage: {
    refused: '',
    where: ({ enforceRsaKeyUsage }) => enforceRsaKeyUsage === true,
  },
};

/** Throws TlsConfigError. */
export function refuseCommonFields(
  common: CommonTlsContext | undefined,
  context: CertificateValidationContext | undefined,
): void {
  if (common) refuseTlsFields(CommonTlsContextSchema, COMMON_TLS_FIELDS, common);
  for (const certificate of common?.tlsCertificates ?? []) {
    refuseTlsFields(TlsCertificateSchema, CERTIFICATE_FIELDS, certificate);
  }
  if (context) refuseTlsFields(CertificateValidationContextSchema, VALIDATION_FIELDS, context);
}

/** Throws TlsConfigError. */
export function refuseTlsFields<Desc extends DescMessage>(
  schema: Desc,
  rules: FieldRules<MessageShape<Desc>>,
  message: MessageShape<Desc>,
): void {
  const field = refusedField(schema, rules, message);
  if (field !== undefined) throw new TlsConfigError('UNSUPPORTED_TLS_FIELD', field);
}
