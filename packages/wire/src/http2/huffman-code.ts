// The code of RFC 7541 Appendix B, built from the lengths of its words: it is canonical, so the lengths say all.

/** Length in bits of the word of each byte and, last, of EOS; as digits of base 36. */
const lengthDigits = `\
dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca\
d67777777777777777777777878djde6f56565666577666567655677777fbeds\
kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn\
qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq\
u`;

export const EOS = 256;
export const wordLengths = Uint8Array.from(lengthDigits, (digit) => Number.parseInt(digit, 36));
export const words = canonicalWords(wordLengths);

/** Words of one length follow each other in the order of their symbols. */
function canonicalWords(lengths: Uint8Array): Uint32Array {
  const words = new Uint32Array(lengths.length);
  const order = Array.from(lengths, (_, symbol) => symbol).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  let word = 0;
  let length = 0;
  for (const symbol of order) {
    word <<= lengths[symbol]! - length;
    length = lengths[symbol]!;
    words[symbol] = word++;
  }
  return words;
}
