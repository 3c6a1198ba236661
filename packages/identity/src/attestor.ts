// Turns what a caller shows into who it is; each kind of proof has its attestor, asked in order.
import type { Identity } from './spiffe-id.ts';

/** What a caller shows. An address is no credential: localhost proves nothing. */
export interface CallerProof {
  /** The `authorization` metadata, whole: `Bearer TOKEN`. */
  readonly authorization?: string;
  /** DER of the certificate of the connection, which TLS showed to be the caller's (it holds the key). */
  readonly peerCertificate?: Buffer;
}

/** Answers undefined when the proof is of another kind; throws IdentityError `BAD_PROOF` when it is bad. */
export interface Attestor {
  attest(proof: CallerProof): Promise<Identity | undefined>;
}

/** The first attestor that knows the kind of proof decides. Nothing shown, or nothing known: `undefined`. */
export function firstAttestor(attestors: readonly Attestor[]): Attestor {
  return {
    async attest(proof) {
      for (const attestor of attestors) {
        const identity = await attestor.attest(proof);
        if (identity) return identity;
      }
      return undefined;
    },
  };
}
