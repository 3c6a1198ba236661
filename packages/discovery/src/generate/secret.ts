// Writes a secret as proxies take it by SDS. https://www.envoyproxy.io/docs/envoy/latest/configuration/security/secret
import { create } from '@bufbuild/protobuf';
import { type Secret, SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { SecretInput } from '../input/secret-input.ts';

export function generateSecret(input: SecretInput): Secret {
  const { name } = input;
  if (input.kind === 'roots') {
    const { roots, revoked } = input;
    const value = { trustedCa: inline(roots), ...(revoked && { crl: inline(revoked) }) };
    return create(SecretSchema, { name, type: { case: 'validationContext', value } });
  }
  const { certificateChain, privateKey, ocspStaple } = input;
  const value = {
    certificateChain: inline(certificateChain),
    privateKey: inline(privateKey),
    ...(ocspStaple && { ocspStaple: inlineBytes(Buffer.from(ocspStaple, 'base64')) }),
  };
  return create(SecretSchema, { name, type: { case: 'tlsCertificate', value } });
}

function inline(text: string) {
  return inlineBytes(Buffer.from(text));
}

function inlineBytes(value: Buffer) {
  return { specifier: { case: 'inlineBytes' as const, value: new Uint8Array(value) } };
}
