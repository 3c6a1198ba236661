// What peers are told to trust: roots, lists of what was taken back, and roots whose certificates are to be renewed.

/** Texts are PEM, as many blocks as there are. */
export interface Trust {
  readonly roots: string;
  /** Empty when nothing was taken back: a peer that gets a list needs one of every authority. */
  readonly revocationLists: string;
  /** Who holds a certificate of one of these renews it now; empty when there are none. */
  readonly tainted: string;
}

/** The roots of one trust domain, PEM. */
export interface TrustBundle {
  readonly trustDomain: string;
  readonly roots: string;
}

/** Names of the secrets (SDS) that carry it: Istio's name for what a workload trusts, and one for what it is to leave. */
export const TRUST_SECRET = { trusted: 'ROOTCA', tainted: 'ROOTCA-tainted' } as const;
