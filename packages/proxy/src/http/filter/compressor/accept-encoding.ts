// Chooses the compression of a response: what the client accepts, among what the chain's compressors give.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/compressor_filter

/** A compressor of the chain, the first for its encoding. */
export interface OfferedEncoding {
  readonly encoding: string;
  /** Wins over what the client prefers as much. */
  readonly chooseFirst: boolean;
}

export interface EncodingChoice {
  /** `identity`: not compressed. */
  readonly encoding: string;
  readonly why: 'compressor' | 'identity' | 'wildcard' | 'not-valid';
}

interface Preference {
  readonly encoding: string;
  readonly weight: number;
}

const NOT_VALID: EncodingChoice = { encoding: 'identity', why: 'not-valid' };
const IDENTITY: EncodingChoice = { encoding: 'identity', why: 'identity' };

/** `offered`: in the order of the chain. */
export function chooseEncoding(accepted: string, offered: readonly OfferedEncoding[]): EncodingChoice {
  const preferences = preferencesOf(accepted);
  const refused = new Set(preferences.filter(({ weight }) => weight === 0).map(({ encoding }) => encoding));
  const allowed = offered.filter(({ encoding }) => !refused.has(encoding));
  if (preferences.length === 0 || allowed.length === 0) return NOT_VALID;
  let choice: Preference = { encoding: 'identity', weight: 0 };
  for (const preference of preferences) {
    const { encoding, weight } = preference;
    const compressor = allowed.find((each) => each.encoding === encoding);
    if (!compressor && encoding !== 'identity' && encoding !== '*') continue;
    if (weight > choice.weight || (weight === choice.weight && compressor?.chooseFirst)) choice = preference;
  }
  if (choice.weight === 0) return NOT_VALID;
  if (choice.encoding === 'identity') return IDENTITY;
  if (choice.encoding === '*') return { encoding: allowed[0]!.encoding, why: 'wildcard' };
  return { encoding: choice.encoding, why: 'compressor' };
}

/** What has a weight that is no number does not count. */
function preferencesOf(accepted: string): readonly Preference[] {
  return accepted
    .split(',')
    .filter((token) => token !== '')
    .map(preferenceOf)
    .filter(({ weight }) => !Number.isNaN(weight));
}

/** `gzip;q=0.5`; only the first parameter counts. */
function preferenceOf(token: string): Preference {
  const [encoding = '', ...parameters] = token.split(';');
  const [name = '', ...value] = parameters.join(';').split('=');
  const weighted = value.length > 0 && name.trim().toLowerCase() === 'q';
  return { encoding: encoding.trim(), weight: weighted ? weightOf(value.join('=').trim()) : 1 };
}

function weightOf(text: string): number {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
}
