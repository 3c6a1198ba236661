// How field names are written in HTTP/1.1, where somebody minds: as they were heard, or in proper case.

/** Lower-case names → names as written. */
export interface FieldSpelling {
  of(name: string): string;
  /** A response's reason phrase, where it was kept. */
  readonly reason?: string;
}

/** What a parser is to remember of names. */
export interface SpellingMemory {
  /** How names are written that the message did not have; undefined: in lower case. */
  readonly others: FieldSpelling | undefined;
  /** The reason phrases of responses are kept too. */
  readonly reasons?: boolean;
}

/** Each word begins with a capital: `Content-Type`. */
export const PROPER_CASE: FieldSpelling = {
  of: (name) =>
    name.replaceAll(/(^|[^a-z\d])([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase()),
};

/** `lines`: field lines that a parser has accepted. A name's first spelling counts. */
export function heardSpelling(lines: string, { others }: SpellingMemory): FieldSpelling {
  const heard = new Map<string, string>();
  for (const line of lines.split('\r\n')) {
    const name = line.slice(0, Math.max(0, line.indexOf(':')));
    const lower = name.toLowerCase();
    if (!heard.has(lower)) heard.set(lower, name);
  }
  return { of: (name) => heard.get(name) ?? others?.of(name) ?? name };
}
