// Whether a text that the first match takes can be one that the second does not narrow: then a rule may not stand below the other.
import type { StringMatch } from '@meltemi/config';

/** Regular expressions are not compared: beside one nothing else may be said. Undefined takes every text. */
export function areExclusive(root: StringMatch | undefined, leaf: StringMatch | undefined): boolean {
  if (!root || !leaf) return false;
  if (root.regex !== undefined || leaf.regex !== undefined) return true;
  if (root.exact !== undefined) return leaf.exact !== root.exact;
  if (root.prefix === undefined) return true;
  const said = leaf.prefix ?? leaf.exact;
  return said === undefined || !said.startsWith(root.prefix);
}
