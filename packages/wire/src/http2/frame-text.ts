// Frames ↔ short texts, for tests: `HEADERS 1 +END_STREAM`.
import { frameType } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { errorCode } from './http2-error.ts';

const names = ['DATA', 'HEADERS', 'PRIORITY', 'RST_STREAM', 'SETTINGS', 'PUSH_PROMISE', 'PING', 'GOAWAY'];
const moreNames = ['WINDOW_UPDATE', 'CONTINUATION'];

/** One frame's bytes. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A field block by an encoder that has a table of its own: nothing in it refers to another block. */
export function block(fields: Readonly<Record<string, string>>): Buffer {
  const encoder = new HpackEncoder();
  encoder.limitTable(0);
  encoder.begin();
  for (const [name, value] of Object.entries(fields)) encoder.add(name, value);
  return Buffer.from(encoder.end().subarray(1));
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
}

/** A line for each frame, as far as tests look at them: `RST_STREAM 1 CANCEL`, `DATA 1 +1 5` (flags, length). */
export function readFrames(bytes: Buffer): string[] {
  const lines: string[] = [];
  const reader = new FrameReader(
    {
      onFrame: (type, flags, id, bytes, start, end) =>
        void lines.push(describeFrame(type, flags, id, bytes.subarray(start, end))),
      onDataHead: (flags, id, length) => void lines.push(`DATA ${id} +${flags} ${length}`),
      onDataPiece: () => undefined,
      onDataEnd: () => undefined,
    },
    false,
  );
  reader.read(bytes);
  return lines;
}

function describeFrame(type: number, flags: number, id: number, payload: Buffer): string {
  const name = [...names, ...moreNames][type] ?? `type ${type}`;
  switch (type) {
    case frameType.rstStream:
      return `${name} ${id} ${errorCode(payload.readUInt32BE(0))}`;
    case frameType.goAway:
      return `${name} ${payload.readUInt32BE(0)} ${errorCode(payload.readUInt32BE(4))}`;
    case frameType.windowUpdate:
      return `${name} ${id} ${payload.readUInt32BE(0)}`;
    default:
      return `${name} ${id} +${flags}`;
  }
}
