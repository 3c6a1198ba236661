// Passes on what a good token says: in headers for the upstream and in metadata for the filters that follow.
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { StreamEntry } from '../../stream-entry.ts';
import type { Jwt } from './jwt.ts';
import { fieldOf, isObject } from './json-object.ts';
import type { ProviderSettings } from './provider.ts';
import { removeToken, type TokenPlace } from './token-places.ts';

/** True: the route is to be decided anew. */
export function passOn(jwt: Jwt, place: TokenPlace, settings: ProviderSettings, entry: StreamEntry): boolean {
  const { config, payloadHeader, claimHeaders } = settings;
  if (payloadHeader !== '') {
    const text = jwt.jws.payloadText;
    const padding = config.padForwardPayloadHeader ? '='.repeat((4 - (text.length % 4)) % 4) : '';
    entry.headers.append(payloadHeader, text + padding);
  }
  let added = false;
  for (const { header, claim } of claimHeaders) {
    const value = claimText(jwt.claims, claim);
    if (value === '') continue;
    entry.headers.append(header, value);
    added = true;
  }
  if (!config.forward) removeToken(place, entry);
  return config.clearRouteCache && (added || config.payloadInMetadata !== '');
}

/** The metadata that the provider asks for, or undefined. */
export function metadataOf(jwt: Jwt, { config }: ProviderSettings): JsonObject | undefined {
  const { headerInMetadata, payloadInMetadata, normalizePayloadInMetadata } = config;
  if (headerInMetadata === '' && payloadInMetadata === '') return undefined;
  const payload = normalised(jwt.claims, normalizePayloadInMetadata?.spaceDelimitedClaims ?? []);
  return {
    ...(headerInMetadata === '' ? {} : { [headerInMetadata]: jwt.jws.header }),
    ...(payloadInMetadata === '' ? {} : { [payloadInMetadata]: payload }),
  };
}

/** Claims such as `scope`, which are words with spaces between them, become lists. */
function normalised(claims: JsonObject, delimited: readonly string[]): JsonObject {
  const lists = delimited.flatMap((name): readonly [string, string[]][] => {
    const value = fieldOf(claims, name);
    const words = typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : [];
    return words.length > 0 ? [[name, words]] : [];
  });
  return lists.length === 0 ? claims : { ...claims, ...Object.fromEntries(lists) };
}

/** As a header has it, in latin1; empty: there is no such claim, or it is nothing that a header can hold. */
function claimText(claims: JsonObject, path: string): string {
  const value = nested(claims, path.split('.'));
  const text = Buffer.from(textOf(value)).toString('latin1');
  return /[^\t\x20-\x7e\x80-\xff]/.test(text) ? '' : text;
}

function nested(from: JsonValue, names: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = from;
  for (const name of names) {
    if (!isObject(value)) return undefined;
    value = fieldOf(value, name);
  }
  return value;
}

function textOf(value: JsonValue | undefined): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return numberText(value);
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? '' : Buffer.from(JSON.stringify(value)).toString('base64');
    default:
      return '';
  }
}

/** Whole numbers as they are, others with six decimals, as C++ writes them. */
function numberText(value: number): string {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 64 ? BigInt(value).toString() : value.toFixed(6);
}
