// Keeps the host of a session in a cookie: base64 of a message with the host's address and when it is over, as Envoy's are.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Cookie } from '@meltemi/api/envoy/type/http/v3/cookie_pb';
import { cookieValue, setCookie } from '@meltemi/decide';
import { textField, varintField } from '../../../call/protobuf-fields.ts';
import { FilterConfigError } from '../../http-config-error.ts';
import { decodeBase64 } from './base64.ts';
import type { SessionState } from './session-state.ts';

export interface SessionCookie {
  /** `ip:port` */
  readonly address: string;
  /** Seconds since the epoch; 0: never. */
  readonly expires: number;
}

/** Throws FilterConfigError for a cookie without a name. */
export function cookieState(cookie: Cookie | undefined): SessionState {
  if (!cookie || cookie.name === '')
    throw new FilterConfigError('BAD_FILTER', 'stateful_session: the cookie has no name');
  const { name, path } = cookie;
  const ttlSeconds = Number(cookie.ttl?.seconds ?? 0n);
  return {
    concerns: (requestPath) => covers(path, requestPath),
    read(request, now) {
      const bytes = decodeBase64(cookieValue(request.get('cookie') ?? '', name));
      const session = bytes && decodeSessionCookie(bytes);
      if (!session || (session.expires !== 0 && Math.trunc(now / 1000) > session.expires)) return undefined;
      return session.address || undefined;
    },
    write(address, response, now) {
      const expires = ttlSeconds === 0 ? 0 : Math.trunc(now / 1000) + ttlSeconds;
      const value = encodeSessionCookie({ address, expires }).toString('base64');
      response.add('set-cookie', setCookie(cookie, value));
    },
  };
}

/** `/a/` covers what begins with it; `/a` covers itself and what is below. */
function covers(path: string, requestPath: string): boolean {
  if (path === '' || path === '/') return true;
  if (!requestPath.startsWith(path)) return false;
  return path.endsWith('/') || requestPath.length === path.length || '/?#'.includes(requestPath[path.length]!);
}

export function encodeSessionCookie({ address, expires }: SessionCookie): Buffer {
  return Buffer.concat([textField(1, address), ...(expires > 0 ? [varintField(2, expires)] : [])]);
}

/** Undefined: it is no such message. */
export function decodeSessionCookie(bytes: Uint8Array): SessionCookie | undefined {
  try {
    return readSessionCookie(new BinaryReader(bytes));
  } catch {
    return undefined;
  }
}

function readSessionCookie(reader: BinaryReader): SessionCookie {
  let address = '';
  let expires = 0;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.LengthDelimited) address = reader.string();
    else if (field === 2 && type === WireType.Varint) expires = Number(reader.uint64());
    else reader.skip(type, field);
  }
  return { address, expires };
}
