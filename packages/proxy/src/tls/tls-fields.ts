// Refuses by name what a TLS context asks for and can't have: to leave it out would trust more than was wanted, or less.
import type {
  CertificateValidationContext,
  TlsCertificate,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import type { CommonTlsContext } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { TlsConfigError } from './tls-config-error.ts';

/** Throws TlsConfigError. `key_log` is left out on purpose: keys are written nowhere. */
export function refuseUnsupported(
  common: CommonTlsContext | undefined,
  context: CertificateValidationContext | undefined,
): void {
  const field = [
    ...commonFields(common),
    ...(common?.tlsCertificates ?? []).flatMap(certificateFields),
    ...contextFields(context),
  ].find((each) => each !== undefined && each !== false);
  if (field !== undefined) throw new TlsConfigError('UNSUPPORTED_TLS_FIELD', `${field} is not supported`);
}

type Found = string | false | undefined;

function commonFields(common: CommonTlsContext | undefined): Found[] {
  return [
    common?.customHandshaker && 'custom_handshaker',
    common?.tlsCertificateProviderInstance && 'tls_certificate_provider_instance',
    common?.tlsCertificateCertificateProvider && 'tls_certificate_certificate_provider',
    common?.tlsCertificateCertificateProviderInstance && 'tls_certificate_certificate_provider_instance',
  ];
}

function certificateFields(certificate: TlsCertificate): Found[] {
  return [
    certificate.pkcs12 && 'pkcs12',
    certificate.privateKeyProvider && 'private_key_provider',
    certificate.ocspStaple && 'ocsp_staple',
    certificate.signedCertificateTimestamp.length > 0 && 'signed_certificate_timestamp',
  ];
}

function contextFields(context: CertificateValidationContext | undefined): Found[] {
  return [
    context?.caCertificateProviderInstance && 'ca_certificate_provider_instance',
    context?.requireSignedCertificateTimestamp === true && 'require_signed_certificate_timestamp',
    // OpenSSL keeps only the last of several faults: expired could hide untrusted.
    context?.allowExpiredCertificate && 'allow_expired_certificate',
    context?.customValidatorConfig && 'custom_validator_config',
    context?.onlyVerifyLeafCertCrl && 'only_verify_leaf_cert_crl',
    context?.maxVerifyDepth !== undefined && context.maxVerifyDepth < 100 && 'max_verify_depth',
  ];
}
