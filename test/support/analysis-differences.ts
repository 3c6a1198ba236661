// Where our analysis is meant to say something else than Istio's own: each with its reason.

/** What one of the two says of an object; `origin` is `Kind namespace/name`. */
export interface Told {
  readonly code: string;
  readonly origin: string;
}

/** All that both say, where a difference is judged. */
export interface BothTold {
  readonly istio: ReadonlySet<string>;
  readonly ours: ReadonlySet<string>;
}

interface Difference {
  readonly reason: string;
  readonly applies: (told: Told, both: BothTold, side: keyof BothTold) => boolean;
}

const isOurs = (side: keyof BothTold): boolean => side === 'ours';

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'every EnvoyFilter gets the warning that EnvoyFilters are internal: ours warns of what is in them',
    applies: ({ code, origin }, _, side) => !isOurs(side) && code === 'IST0133' && origin.startsWith('EnvoyFilter '),
  },
  {
    reason: 'a gateway that is not there is told of as such, not as one that is closed for the hosts too',
    applies: ({ code, origin }, { ours }, side) => !isOurs(side) && code === 'IST0132' && ours.has(`IST0101 ${origin}`),
  },
  {
    reason: 'an address that is missing is told of once, not as a mistake of the form too',
    applies: ({ code, origin }, { ours }, side) => !isOurs(side) && code === 'IST0133' && ours.has(`IST0134 ${origin}`),
  },
  {
    reason: 'a subset is looked for among the pods of its own service, not among all pods',
    applies: ({ code }, _, side) => isOurs(side) && code === 'IST0173',
  },
  {
    reason: 'a subset of a host that is not there is told of as the host',
    applies: ({ code, origin }, { ours }, side) =>
      !isOurs(side) && code === 'IST0101' && (ours.has(`IST0101 ${origin}`) || ours.has(`IST0174 ${origin}`)),
  },
  {
    reason: 'a match without a method is for all methods, not for GET alone; regular expressions and labels count',
    applies: ({ code }, _, side) => !isOurs(side) && code === 'IST0131',
  },
  {
    reason: "a name of the control plane's own gateway is told of as such, not as a bad name",
    applies: ({ code, origin }, { ours }, side) => !isOurs(side) && code === 'IST0106' && ours.has(`IST0165 ${origin}`),
  },
];

/** What one says and the other doesn't, and nobody has a reason for; of the codes that are compared. */
export function unexplained(both: BothTold, compared = /^/): readonly string[] {
  return (['istio', 'ours'] as const).flatMap((side) => {
    const other = side === 'ours' ? both.istio : both.ours;
    return [...both[side]]
      .filter((key) => compared.test(key) && !other.has(key))
      .filter((key) => {
        const told = { code: key.slice(0, 7), origin: key.slice(8) };
        return !DIFFERENCES.some(({ applies }) => applies(told, both, side));
      })
      .map((key) => `${side}: ${key}`);
  });
}
