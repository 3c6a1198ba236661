// Turns text and a seed into 32 well-mixed bits (MurmurHash3 x86_32 over UTF-16 units): places on rings and in tables.

export function hash32(text: string, seed: number): number {
  let hash = seed | 0;
  for (let index = 0; index < text.length; index++) {
    let unit = Math.imul(text.charCodeAt(index), 0xcc9e2d51);
    unit = (unit << 15) | (unit >>> 17);
    hash ^= Math.imul(unit, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  return finish(hash ^ text.length);
}

/** Mixes a number: the same hash from two attempts leads to unrelated places. */
export function rehash32(value: number, attempt: number): number {
  return attempt === 0 ? value >>> 0 : finish((value ^ Math.imul(attempt, 0x9e3779b1)) | 0);
}

function finish(mixed: number): number {
  let hash = mixed;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
