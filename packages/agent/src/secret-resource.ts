// Turns the workload's secrets into the SDS resources `default` and `ROOTCA`.
import { create } from '@bufbuild/protobuf';
import { type Secret, SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { spiffeValidator } from '@meltemi/identity';
import type { WorkloadSecrets } from './secret-store.ts';

/** Istio's names: the workload's key and chain, and what it trusts. */
export type SecretName = 'default' | 'ROOTCA';

export function isSecretName(name: string): name is SecretName {
  return name === 'default' || name === 'ROOTCA';
}

export function secretResource(name: SecretName, secrets: WorkloadSecrets): Secret {
  const type =
    name === 'default'
      ? { case: 'tlsCertificate' as const, value: keyPair(secrets) }
      : { case: 'validationContext' as const, value: trust(secrets) };
  return create(SecretSchema, { name, type });
}

function keyPair({ certificateChain, privateKey }: WorkloadSecrets) {
  return { certificateChain: inline(certificateChain), privateKey: inline(privateKey) };
}

function trust({ roots, revocationLists, bundles }: WorkloadSecrets) {
  const lists = revocationLists !== '' && { crl: inline(revocationLists) };
  return { trustedCa: inline(roots), ...lists, ...spiffeValidator(bundles) };
}

function inline(pem: string) {
  return { specifier: { case: 'inlineBytes' as const, value: Buffer.from(pem) } };
}
