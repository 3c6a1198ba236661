// Fuzzing: every corpus passes, then inputs near it for some seconds; MELTEMI_FUZZ_MINUTES goes on for longer and keeps what fails.
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { clientHellos, proxyHeaders } from './connection-peeks.ts';
import { addToCorpus, inputLine, readCorpus } from './corpus.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { hpackBlocks } from './hpack-blocks.ts';
import { http1Requests } from './http1-requests.ts';
import { http1Responses } from './http1-responses.ts';
import { http2Connections } from './http2-connections.ts';

const TARGETS: readonly FuzzTarget[] = [
  http1Requests,
  http1Responses,
  hpackBlocks,
  http2Connections,
  proxyHeaders,
  clientHellos,
];

const minutes = Number(process.env['MELTEMI_FUZZ_MINUTES'] ?? 0);
/** Of each target. */
const budgetMs = minutes > 0 ? (minutes * 60_000) / TARGETS.length : 1500;

for (const target of TARGETS) {
  describe(`fuzzing ${target.name}`, () => {
    const corpus = readCorpus(target.name);

    it('every input of the corpus passes', async () => {
      for (const input of corpus) await target.check(input);
    });

    it('inputs near them pass', { timeout: 2 * budgetMs + 60_000 }, async () => {
      const property = fc.asyncProperty(mutations(corpus, target.words), async (input) => target.check(input));
      const limits = {
        numRuns: Number.MAX_SAFE_INTEGER,
        interruptAfterTimeLimit: budgetMs,
        markInterruptAsFailure: false,
      };
      const { failed, counterexample, errorInstance } = await fc.check(property, limits);
      if (!failed || !counterexample) return;
      const [input] = counterexample;
      if (minutes > 0) addToCorpus(target.name, input);
      throw new Error(`input ${inputLine(input)}`, { cause: errorInstance });
    });
  });
}

type Change =
  | { readonly kind: 'put'; readonly at: number; readonly over: number; readonly piece: Buffer }
  | { readonly kind: 'cut' | 'double'; readonly at: number; readonly length: number };

/** Inputs near known ones: bytes and words put in or over what stood there, pieces cut, doubled and joined. Positions wrap around the input's length. */
function mutations(inputs: readonly Buffer[], words: readonly string[]): fc.Arbitrary<Buffer> {
  const anyByte = fc.nat(255).map((byte) => Buffer.of(byte));
  const word = fc.constantFrom('', ...words).map((text) => Buffer.from(text, 'latin1'));
  const at = fc.nat(4095);
  const put = fc.record({
    kind: fc.constant('put' as const),
    at,
    over: fc.nat(3),
    piece: words.length > 0 ? fc.oneof(anyByte, word) : anyByte,
  });
  const cut = fc.record({ kind: fc.constantFrom('cut' as const, 'double' as const), at, length: fc.nat(40) });
  const change: fc.Arbitrary<Change> = fc.oneof({ weight: 4, arbitrary: put }, { weight: 1, arbitrary: cut });
  const known = fc.constantFrom(...inputs);
  return fc
    .tuple(fc.array(known, { minLength: 1, maxLength: 2 }), fc.array(change, { maxLength: 4 }))
    .map(([parts, changes]) => changes.reduce(changed, Buffer.concat(parts)));
}

function changed(bytes: Buffer, change: Change): Buffer {
  const at = bytes.length === 0 ? 0 : change.at % bytes.length;
  const before = bytes.subarray(0, at);
  switch (change.kind) {
    case 'put':
      return Buffer.concat([before, change.piece, bytes.subarray(at + change.over)]);
    case 'cut':
      return Buffer.concat([before, bytes.subarray(at + change.length)]);
    case 'double':
      return Buffer.concat([before, bytes.subarray(at, at + change.length), bytes.subarray(at)]);
  }
}
