// Takes paths apart.

/** The path without query and fragment. */
export function withoutQuery(path: string): string {
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code === 0x3f /* ? */ || code === 0x23 /* # */) return path.slice(0, index);
  }
  return path;
}
