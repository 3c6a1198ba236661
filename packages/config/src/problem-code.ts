// The codes by which problems of configuration are known and looked up.

export const CODE = {
  /** The YAML itself can't be read. */
  syntax: 'MEL0001',
  unknownKind: 'MEL0002',
  unknownField: 'MEL0003',
  wrongType: 'MEL0004',
  missing: 'MEL0005',
  /** Of the right type, but not one of the values that the field can have. */
  badValue: 'MEL0006',
  badRegex: 'MEL0007',
  badDuration: 'MEL0008',
  weights: 'MEL0009',
  exclusive: 'MEL0010',
  /** Two objects of one kind, namespace and name. */
  duplicate: 'MEL0011',
  /** An old kind says something that today's API can't. */
  notConverted: 'MEL0012',
  /** A subset whose labels no pod has: requests to it fail. */
  emptySubset: 'MEL0013',
  /** A file that can't be read. */
  unreadable: 'MEL0014',
  /** An object that is good, of a kind that the mesh does not follow. */
  unfollowed: 'MEL0015',
  /** An object that asks to be denied: a way to try out whether objects are checked at all. */
  alwaysRejected: 'MEL0016',
  /** https://istio.io/latest/docs/reference/config/analysis/ist0101/ */
  referenceNotFound: 'IST0101',
  /** https://istio.io/latest/docs/reference/config/analysis/ist0109/ */
  conflictingHosts: 'IST0109',
  /** https://istio.io/latest/docs/reference/config/analysis/ist0130/ */
  unreachableRoute: 'IST0130',
  /** https://istio.io/latest/docs/reference/config/analysis/ist0132/ */
  hostNotInGateway: 'IST0132',
  /** https://istio.io/latest/docs/reference/config/analysis/ist0002/ */
  deprecated: 'IST0002',
} as const;
