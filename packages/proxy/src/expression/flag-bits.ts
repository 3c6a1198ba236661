// Envoy's short response flags → the bits that expressions see them as.

/** The place in the list is the bit. */
const FLAGS =
  'LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF DO DR UDO'.split(' ');

/** `flags`: joined by commas. */
export function flagBits(flags: string | undefined): number {
  let bits = 0;
  for (const flag of flags ? flags.split(',') : []) {
    const bit = FLAGS.indexOf(flag);
    if (bit >= 0) bits |= 1 << bit;
  }
  return bits;
}
