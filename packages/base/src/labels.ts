// Labels of workloads and the selectors that pick by them.

export type Labels = Readonly<Record<string, string>>;

/** True when every label of the selector is on the workload. An empty selector picks all. */
export function selects(selector: Labels, labels: Labels): boolean {
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
}
