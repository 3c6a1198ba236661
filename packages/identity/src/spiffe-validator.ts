// The roots of several trust domains ↔ the part of a validation context that keeps them apart.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.proto
import { create } from '@bufbuild/protobuf';
import { packAny, unpackAny } from '@meltemi/api';
import type { CertificateValidationContext } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { SPIFFECertValidatorConfigSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb';
import type { TrustBundle } from './trust.ts';

const NAME = 'envoy.tls.cert_validator.spiffe';

/** Nothing where there are none: then the trusted roots are for all peers. */
export function spiffeValidator(bundles: readonly TrustBundle[]) {
  if (bundles.length === 0) return {};
  const trustDomains = bundles.map(({ trustDomain: name, roots }) => ({
    name,
    trustBundle: { specifier: { case: 'inlineBytes' as const, value: Buffer.from(roots) } },
  }));
  const config = create(SPIFFECertValidatorConfigSchema, { trustDomains });
  return { customValidatorConfig: { name: NAME, typedConfig: packAny(SPIFFECertValidatorConfigSchema, config) } };
}

/** As `spiffeValidator` wrote them. */
export function validatedBundles({ customValidatorConfig }: CertificateValidationContext): readonly TrustBundle[] {
  const typed = customValidatorConfig?.typedConfig;
  const config = typed && unpackAny(typed, SPIFFECertValidatorConfigSchema);
  return (config?.trustDomains ?? []).flatMap(({ name: trustDomain, trustBundle }) => {
    const { specifier } = trustBundle ?? {};
    const roots = specifier?.case === 'inlineBytes' ? Buffer.from(specifier.value).toString('utf8') : '';
    return roots === '' ? [] : [{ trustDomain, roots }];
  });
}
