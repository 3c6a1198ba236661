// How long before its making what the authority signs is valid.

/** Peers' clocks may be behind ours. */
export const BACKDATE_MS = 2 * 60_000;
