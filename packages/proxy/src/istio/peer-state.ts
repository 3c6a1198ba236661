// Where the workloads at the two ends of a request or connection are found by those who come later.

/** Filter state, holding a Workload: who called. */
export const DOWNSTREAM_PEER = 'downstream_peer';
/** Filter state, holding a Workload: who was called. */
export const UPSTREAM_PEER = 'upstream_peer';
