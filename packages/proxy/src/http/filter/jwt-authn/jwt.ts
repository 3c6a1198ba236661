// Reads the claims of a token that say who it is from, who it is for, and when it is valid.
// https://www.rfc-editor.org/rfc/rfc7519#section-4.1
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { decodeBase64Url } from './base64url.ts';
import { fieldOf, readJsonObject } from './json-object.ts';
import { type Jws, parseJws } from './jws.ts';
import { JWT_STATUS, type JwtStatus } from './jwt-status.ts';

export interface Jwt {
  readonly jws: Jws;
  readonly signature: Buffer;
  readonly claims: JsonObject;
  /** Empty: it names none. */
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  /** Seconds since 1970; undefined: it does not say. */
  readonly notBefore: number | undefined;
  readonly expiry: number | undefined;
}

/** A status instead: the first thing that is wrong, in the order in which Envoy looks. */
export function parseJwt(token: string): Jwt | JwtStatus {
  const jws = parseJws(token);
  if ('code' in jws) return jws;
  if (jws.payloadText === '') return JWT_STATUS.badFormat;
  const claims = readJsonObject(jws.payload);
  if (!claims) return JWT_STATUS.payloadBadJson;
  const wrong = wrongClaim(claims);
  if (wrong) return wrong;
  const signature = decodeBase64Url(jws.signatureText);
  if (!signature) return JWT_STATUS.signatureBadBase64;
  return {
    jws,
    signature,
    claims,
    issuer: textOf(claims, 'iss'),
    subject: textOf(claims, 'sub'),
    audiences: [fieldOf(claims, 'aud') ?? []].flat() as readonly string[],
    notBefore: secondsOf(claims, 'nbf'),
    expiry: secondsOf(claims, 'exp'),
  };
}

function wrongClaim(claims: JsonObject): JwtStatus | undefined {
  if (!isTextOrAbsent(fieldOf(claims, 'iss'))) return JWT_STATUS.issuerNotString;
  if (!isTextOrAbsent(fieldOf(claims, 'sub'))) return JWT_STATUS.subjectNotString;
  const wrongTime =
    wrongNumber(fieldOf(claims, 'iat'), JWT_STATUS.issuedAtNotNumber, JWT_STATUS.issuedAtOutOfRange) ??
    wrongNumber(fieldOf(claims, 'nbf'), JWT_STATUS.notBeforeNotNumber, JWT_STATUS.notBeforeOutOfRange) ??
    wrongNumber(fieldOf(claims, 'exp'), JWT_STATUS.expiryNotNumber, JWT_STATUS.expiryOutOfRange);
  if (wrongTime) return wrongTime;
  if (!isTextOrAbsent(fieldOf(claims, 'jti'))) return JWT_STATUS.idNotString;
  const audience = fieldOf(claims, 'aud');
  const isFine = Array.isArray(audience)
    ? audience.every((each) => typeof each === 'string')
    : isTextOrAbsent(audience);
  return isFine ? undefined : JWT_STATUS.audienceNotString;
}

function isTextOrAbsent(value: JsonValue | undefined): boolean {
  return value === undefined || typeof value === 'string';
}

function wrongNumber(value: JsonValue | undefined, notNumber: JwtStatus, outOfRange: JwtStatus): JwtStatus | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') return notNumber;
  return value >= 0 && value < 2 ** 64 ? undefined : outOfRange;
}

function textOf(claims: JsonObject, name: string): string {
  return (fieldOf(claims, name) as string | undefined) ?? '';
}

/** Fractions of seconds don't count. */
function secondsOf(claims: JsonObject, name: string): number | undefined {
  const value = fieldOf(claims, name) as number | undefined;
  return value === undefined ? undefined : Math.trunc(value);
}
