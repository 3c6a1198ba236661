// Turns the configuration of session states into what reads and writes them: cookies and headers.
import { fromBinary } from '@bufbuild/protobuf';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { CookieBasedSessionStateSchema } from '@meltemi/api/envoy/extensions/http/stateful_session/cookie/v3/cookie_pb';
import { HeaderBasedSessionStateSchema } from '@meltemi/api/envoy/extensions/http/stateful_session/header/v3/header_pb';
import { plainAny } from '../../../bootstrap/typed-struct.ts';
import { xdsRegistry } from '../../../xds/registry.ts';
import { FilterConfigError } from '../../http-config-error.ts';
import { decodeBase64 } from './base64.ts';
import { cookieState } from './session-cookie.ts';
import type { SessionState } from './session-state.ts';

/** Throws FilterConfigError for what can't be honoured. */
export function sessionState({ typedConfig, name }: TypedExtensionConfig): SessionState {
  const config = typedConfig && plainAny(typedConfig, xdsRegistry);
  switch (config?.typeUrl.split('/').at(-1)) {
    case CookieBasedSessionStateSchema.typeName:
      return cookieState(fromBinary(CookieBasedSessionStateSchema, config.value).cookie);
    case HeaderBasedSessionStateSchema.typeName:
      return headerState(fromBinary(HeaderBasedSessionStateSchema, config.value).name.toLowerCase());
    default:
      throw new FilterConfigError('UNSUPPORTED_FIELD', `stateful_session: session state ${name} is not supported`);
  }
}

function headerState(name: string): SessionState {
  if (name === '') throw new FilterConfigError('BAD_FILTER', 'stateful_session: the header has no name');
  return {
    concerns: () => true,
    read(request) {
      const [value = ''] = request.getAll(name);
      return decodeBase64(value)?.toString('latin1') || undefined;
    },
    write: (address, response) => response.set(name, Buffer.from(address).toString('base64')),
  };
}
