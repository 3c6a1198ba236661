// The releases of Istio whose v1 documents can be written.

export type Release = '0.1' | '0.2' | '0.7';

export const RELEASES: readonly Release[] = ['0.1', '0.2', '0.7'];
