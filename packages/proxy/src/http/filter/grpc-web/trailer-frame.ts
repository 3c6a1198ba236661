// Trailers → the last frame of a gRPC-Web body.
import type { Headers } from '@meltemi/wire';

const TRAILERS = 0x80;

export function trailerFrame(trailers: Headers): Buffer {
  let text = '';
  for (const [name, value] of trailers.entries()) text += `${name}:${value}\r\n`;
  const frame = Buffer.alloc(5 + text.length);
  frame[0] = TRAILERS;
  frame.writeUInt32BE(text.length, 1);
  frame.write(text, 5, 'latin1');
  return frame;
}
