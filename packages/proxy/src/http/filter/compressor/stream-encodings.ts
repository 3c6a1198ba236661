// Lets the compressors of a chain choose the encoding of a response once, together.
import type { StreamEntry } from '../../stream-entry.ts';
import { chooseEncoding, type EncodingChoice, type OfferedEncoding } from './accept-encoding.ts';
import type { DirectionRules } from './compressor-rules.ts';

/** A compressor that runs for the request. */
export interface OfferingCompressor {
  /** By the request's route. */
  readonly library: { readonly encoding: string };
  readonly filter: { readonly chooseFirst: boolean; readonly response: DirectionRules };
}

export interface StreamEncodings {
  /** In the order of the chain. */
  readonly compressors: OfferingCompressor[];
  choice: EncodingChoice | undefined;
}

const KEY = 'compressors';

export function encodingsOf(entry: StreamEntry): StreamEncodings {
  const known = entry.filterState?.get(KEY) as StreamEncodings | undefined;
  if (known) return known;
  const encodings: StreamEncodings = { compressors: [], choice: undefined };
  entry.setFilterState(KEY, encodings);
  return encodings;
}

/** The choice that was made already, or is made now. `type`: the response's, in lower case. */
export function choiceOf(encodings: StreamEncodings, accepted: string, type: string | undefined): EncodingChoice {
  return (encodings.choice ??= chooseEncoding(accepted, offersOf(encodings.compressors, type)));
}

function offersOf(compressors: readonly OfferingCompressor[], type: string | undefined): readonly OfferedEncoding[] {
  const offers: OfferedEncoding[] = [];
  for (const { library, filter } of compressors) {
    if (type && !filter.response.contentTypes.has(type)) continue;
    if (offers.some(({ encoding }) => encoding === library.encoding)) continue;
    offers.push({ encoding: library.encoding, chooseFirst: filter.chooseFirst });
  }
  return offers;
}
