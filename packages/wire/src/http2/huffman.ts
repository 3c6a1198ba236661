// Text ↔ its Huffman coding (RFC 7541 §5.2).
import { EOS, wordLengths, words } from './huffman-code.ts';
import { Http2Error } from './http2-error.ts';

/** Bytes that the text takes when coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += wordLengths[text.charCodeAt(i)]!;
  return (bits + 7) >> 3;
}

/** Writes the coded latin1 text at `offset`, padded with ones; returns the offset behind it. */
export function huffmanEncode(text: string, out: Uint8Array, offset: number): number {
  let pos = offset;
  let held = 0;
  let heldBits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i);
    let bits = wordLengths[symbol]!;
    // At most 7 bits are held and a word has up to 30: its upper bits go first, so that 31 suffice.
    if (bits > 24) {
      bits -= 16;
      held = (held << bits) | (words[symbol]! >>> 16);
      for (heldBits += bits; heldBits >= 8;) out[pos++] = held >>> (heldBits -= 8);
      held &= 0xff;
      bits = 16;
      held = (held << 16) | (words[symbol]! & 0xff_ff);
    } else {
      held = (held << bits) | words[symbol]!;
    }
    for (heldBits += bits; heldBits >= 8;) out[pos++] = held >>> (heldBits -= 8);
    held &= 0xff;
  }
  if (heldBits > 0) out[pos++] = (held << (8 - heldBits)) | (0xff >> heldBits);
  return pos;
}

/** Decodes `bytes[start, end)` to `out`, which has room for 8/5 of it; returns how many bytes were written. */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    for (let shift = 4; shift >= 0; shift -= 4) {
      const step = steps[state * 16 + ((byte >> shift) & 15)]!;
      if (step < 0) throw new Http2Error('COMPRESSION_ERROR', 'EOS in a Huffman-coded text');
      if (step & EMITS) out[length++] = (step >> 9) & 0xff;
      state = step & 0x1_ff;
    }
  }
  if (mayEnd[state] === 0) throw new Http2Error('COMPRESSION_ERROR', 'a Huffman-coded text has wrong padding');
  return length;
}

interface Node {
  readonly id: number;
  /** Depth, while every bit on the way here was one: else -1. */
  readonly ones: number;
  readonly children: (Node | number | undefined)[];
}

/** A step: the next state in 9 bits, then the symbol in 8, then whether it is one. Shorter than 4 bits is no word. */
const EMITS = 1 << 17;
const { steps, mayEnd } = buildSteps();

function buildSteps(): { readonly steps: Int32Array; readonly mayEnd: Uint8Array } {
  const nodes = buildTree();
  const steps = new Int32Array(nodes.length * 16);
  for (const node of nodes) {
    for (let nibble = 0; nibble < 16; nibble++) steps[node.id * 16 + nibble] = follow(nodes[0]!, node, nibble);
  }
  return { steps, mayEnd: Uint8Array.from(nodes, (node) => Number(node.ones >= 0 && node.ones < 8)) };
}

function buildTree(): Node[] {
  const nodes: Node[] = [{ id: 0, ones: 0, children: [] }];
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = nodes[0]!;
    for (let bit = wordLengths[symbol]! - 1; bit > 0; bit--) node = childOf(node, (words[symbol]! >>> bit) & 1, nodes);
    node.children[words[symbol]! & 1] = symbol;
  }
  return nodes;
}

function childOf(node: Node, bit: number, nodes: Node[]): Node {
  const known = node.children[bit];
  if (typeof known === 'object') return known;
  const child: Node = { id: nodes.length, ones: bit === 1 && node.ones >= 0 ? node.ones + 1 : -1, children: [] };
  nodes.push(child);
  node.children[bit] = child;
  return child;
}

function follow(root: Node, from: Node, nibble: number): number {
  let node = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = node.children[(nibble >> bit) & 1]!;
    if (next === EOS) return -1;
    if (typeof next === 'number') emitted = EMITS | (next << 9);
    node = typeof next === 'number' ? root : next;
  }
  return emitted | node.id;
}
