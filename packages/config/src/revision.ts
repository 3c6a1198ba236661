// What an object says → its resourceVersion: the same content has the same one, in every process.
import { createHash } from 'node:crypto';

import type { ResourceName } from '@meltemi/base';

/** A decimal number, as clients expect of a revision. */
export function revisionOf(name: ResourceName, content: unknown): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([name, content]))
    .digest();
  return String(hash.readUInt32BE(0));
}
