// Whether the words of a refusal name a resource.

/** Characters that names are made of: a name that is part of a longer one is not that name. */
const OF_NAMES = /[\w.|*/~-]/;

/** A name of digits alone (a port's routes) must stand in quotes or before a colon: words have other numbers too. */
export function isNamed(name: string, text: string): boolean {
  for (let at = text.indexOf(name); name !== '' && at >= 0; at = text.indexOf(name, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text[at + name.length] ?? ' '];
    const beyond = text[at + name.length + 1] ?? ' ';
    // A name may end a sentence.
    const ends = !OF_NAMES.test(after) || (after === '.' && !OF_NAMES.test(beyond));
    if (OF_NAMES.test(before) || !ends) continue;
    if (!/^\d+$/.test(name) || isMarked(before, after)) return true;
  }
  return false;
}

function isMarked(before: string, after: string): boolean {
  return after === ':' || (/['"`]/.test(before) && before === after);
}
