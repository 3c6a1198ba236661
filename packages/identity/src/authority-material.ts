// What an authority works with: the keys that sign, and the path from them to what peers trust.
import type { Signer } from './signer.ts';

/** Texts are PEM. */
export interface AuthorityMaterial {
  readonly signer: Signer;
  /** Own keys that sign certificates no longer, or not yet: each still signs the list of what its root took back. */
  readonly furtherSigners: readonly Signer[];
  readonly intermediates: readonly string[];
  readonly roots: readonly string[];
  /** Roots whose certificates are to be renewed now. */
  readonly tainted: readonly string[];
  /** Revocation lists that were given (`ca-crl.pem`). */
  readonly revocationLists: readonly string[];
}
