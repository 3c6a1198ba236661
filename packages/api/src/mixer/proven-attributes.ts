// What a certificate or a token proves of who calls → attributes of Mixer.
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Attributes, AttributeValue } from './attributes.ts';

const SPIFFE = 'spiffe://';
const ACCOUNT = /\/ns\/([^/]+)\/sa\/([^/]+)$/;

/** Without its scheme, as Istio writes it; undefined: none of the names is one of SPIFFE. */
export function principalOf(uris: readonly string[]): string | undefined {
  return uris.find((name) => name.startsWith(SPIFFE))?.slice(SPIFFE.length);
}

/** What the certificate says stands above what anybody tells. */
export function addPrincipal(attributes: Map<string, AttributeValue>, principal: string): void {
  attributes.set('source.principal', principal);
  attributes.set('source.user', principal);
  const [, namespace, account] = ACCOUNT.exec(principal) ?? [];
  if (namespace === undefined || account === undefined) return;
  attributes.set('source.namespace', namespace);
  attributes.set('source.serviceAccount', account);
}

/** `forwarded`: of what a peer tells, what it tells of itself, as far as its certificate proves who it is. */
export function addForwarded(attributes: Map<string, AttributeValue>, forwarded: Attributes): void {
  for (const [name, value] of forwarded) if (name.startsWith('source.')) attributes.set(name, value);
}

/** Of a verified token's claims. */
export function addToken(attributes: Map<string, AttributeValue>, claims: JsonObject): void {
  const { iss, sub, aud, azp } = claims;
  if (typeof iss === 'string' && typeof sub === 'string') attributes.set('request.auth.principal', `${iss}/${sub}`);
  addText(attributes, 'request.auth.audiences', claimText(aud));
  addText(attributes, 'request.auth.presenter', claimText(azp));
  attributes.set('request.auth.raw_claims', JSON.stringify(claims));
  const texts = Object.entries(claims).flatMap(([name, value]): [string, string][] => {
    const text = claimText(value);
    return text === undefined ? [] : [[name, text]];
  });
  attributes.set('request.auth.claims', new Map(texts));
}

/** Empty texts are none. */
export function addText(attributes: Map<string, AttributeValue>, name: string, text: string | undefined): void {
  if (text !== undefined && text !== '') attributes.set(name, text);
}

/** Of a list its texts; what is neither has none. */
function claimText(claim: JsonValue | undefined): string | undefined {
  if (typeof claim === 'string') return claim;
  return Array.isArray(claim) ? claim.filter((item) => typeof item === 'string').join(',') : undefined;
}
