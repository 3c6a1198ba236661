// Splits PEM text (RFC 7468) into its blocks of one label.

/** Every block of that label, whole, in order; text between blocks is left out. */
export function pemBlocks(text: string, label: string): readonly string[] {
  const block = new RegExp(`-----BEGIN ${label}-----[A-Za-z0-9+/=\\s]+-----END ${label}-----`, 'g');
  return (text.match(block) ?? []).map((found) => `${found}\n`);
}
