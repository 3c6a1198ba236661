// The bytes of a watch → its JSON values, one a line.
import { KubeError } from './kube-error.ts';

const LINE_FEED = 0x0a;
/** The API server takes objects of up to 3 MiB. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Throws KubeError `answer` for a line that is no JSON or too long, `network` where the bytes end in a line. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void> {
  let begun: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const line = Buffer.concat([...begun, chunk.subarray(start, end)]).toString('utf8');
      [begun, length, start] = [[], 0, end + 1];
      if (line.trim() !== '') yield parseLine(line);
    }
    const rest = chunk.subarray(start);
    length += rest.length;
    if (length > MAX_LINE_BYTES) throw new KubeError('answer', `watch: a line of more than ${MAX_LINE_BYTES} bytes`);
    if (rest.length > 0) begun.push(rest);
  }
  if (length > 0) throw new KubeError('network', 'watch: it ended in the middle of a line');
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new KubeError('answer', `watch: a line is no JSON: ${line.slice(0, 80)}`, { cause });
  }
}
