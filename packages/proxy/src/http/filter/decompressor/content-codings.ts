// Reads and changes lists of content codings: what a body is compressed with, and what an upstream may compress with.

/** The coding that was applied first stands first, and is the one that Envoy takes off. */
export function firstCoding(contentEncoding: string | undefined): string | undefined {
  return contentEncoding?.split(',', 1)[0]!.trim().toLowerCase();
}

/** Undefined: none is left. */
export function withoutFirstCoding(contentEncoding: string): string | undefined {
  const comma = contentEncoding.indexOf(',');
  return comma < 0 ? undefined : contentEncoding.slice(comma + 1).trim();
}

/** `accepted` with the encoding at its end and without a weight, as no other is wanted more. */
export function advertised(accepted: string | undefined, encoding: string): string {
  const others = (accepted ?? '')
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '' && token.split(';', 1)[0]!.trim() !== encoding);
  return [...others, encoding].join(',');
}
