// Keeps large blocks for bytes on their way out: what was read into the shared buffer → a copy that lasts until it is sent.
// A new buffer for each would cost more than everything else that carrying bytes does.

/** As large as the shared read buffer. */
const blockSize = 64 * 1024;
/** Blocks that wait for use, of the whole thread; more are left to the collector. */
const maxFree = 64;
/** Smaller copies come from Node's own pool. */
export const minScratch = 4 * 1024;

const free: Buffer[] = [];

/** A copy in a block of its own; give it back when it is sent. */
export function takeScratch(bytes: Buffer): Buffer {
  const block = free.pop() ?? Buffer.allocUnsafeSlow(blockSize);
  bytes.copy(block);
  return block;
}

/** The block may be used again. */
export function giveScratch(block: Buffer): void {
  if (free.length < maxFree) free.push(block);
}
