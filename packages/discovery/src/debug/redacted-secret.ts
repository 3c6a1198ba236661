// A secret as it may be shown: certificates and roots, and a word in the place of the key. Other resources as they are.
import type { Any } from '@bufbuild/protobuf/wkt';
import { packAny, unpackAny } from '@meltemi/api';
import { type Secret, SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';

const IN_PLACE_OF_KEY = new TextEncoder().encode('[redacted]');

export function redacted(any: Any): Any {
  const secret = unpackAny(any, SecretSchema);
  return secret ? packAny(SecretSchema, withoutKey(secret)) : any;
}

function withoutKey(secret: Secret): Secret {
  const { type } = secret;
  if (type.case === 'tlsCertificate' && type.value.privateKey) {
    type.value.privateKey.specifier = { case: 'inlineBytes', value: IN_PLACE_OF_KEY };
  }
  // Session tickets and secrets of other forms have nothing but what is secret.
  if (type.case === 'sessionTicketKeys' || type.case === 'genericSecret') secret.type = { case: undefined };
  return secret;
}
