// Takes a signed token apart: header, payload and signature, without believing any of it.
// https://www.rfc-editor.org/rfc/rfc7515
import type { JsonObject } from '@bufbuild/protobuf';
import { decodeBase64Url } from './base64url.ts';
import { type Algorithm, isAlgorithm } from './jwk.ts';
import { fieldOf, readJsonObject } from './json-object.ts';
import { JWT_STATUS, type JwtStatus } from './jwt-status.ts';

export interface Jws {
  readonly header: JsonObject;
  readonly algorithm: Algorithm;
  /** Empty: it names no key. */
  readonly kid: string;
  /** As it stands in the token. */
  readonly payloadText: string;
  readonly payload: Buffer;
  /** What is signed. */
  readonly signed: string;
  /** As it stands in the token. */
  readonly signatureText: string;
}

/** A status instead: why it can't be read. Keys, and places of keys, that the header names are never looked at. */
export function parseJws(token: string): Jws | JwtStatus {
  const parts = token.split('.', 4);
  const [headerText, payloadText, signatureText] = parts;
  if (parts.length !== 3 || !headerText || payloadText === undefined || !signatureText) return JWT_STATUS.badFormat;
  const headerBytes = decodeBase64Url(headerText);
  if (!headerBytes) return JWT_STATUS.headerBadBase64;
  const header = readJsonObject(headerBytes);
  if (!header) return JWT_STATUS.headerBadJson;
  const algorithm = fieldOf(header, 'alg');
  if (typeof algorithm !== 'string') return JWT_STATUS.badAlgorithm;
  // What `crit` lists has to be understood (RFC 7515 §4.1.11), and nothing that may be listed is.
  if (!isAlgorithm(algorithm) || Object.hasOwn(header, 'crit')) return JWT_STATUS.unsupportedAlgorithm;
  const kid = fieldOf(header, 'kid') ?? '';
  if (typeof kid !== 'string') return JWT_STATUS.badKid;
  const payload = decodeBase64Url(payloadText);
  if (!payload) return JWT_STATUS.payloadBadBase64;
  const signed = token.slice(0, headerText.length + 1 + payloadText.length);
  return { header, algorithm, kid, payloadText, payload, signed, signatureText };
}
