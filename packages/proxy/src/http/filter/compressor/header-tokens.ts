// Tells whether a comma-separated header value has a token, and what a media type is without its parameters.

/** Names count without regard to case. */
export function hasToken(value: string | undefined, token: string): boolean {
  if (value === undefined) return false;
  return value.split(',').some((each) => each.trim().toLowerCase() === token);
}

/** `text/html` of `Text/HTML; charset=utf-8`; undefined: there is none. */
export function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]!.trim().toLowerCase();
}
