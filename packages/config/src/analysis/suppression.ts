// What an object, or a flag of istioctl, wants not to be told.
// https://istio.io/latest/docs/reference/config/annotations/#GalleyAnalyzeSuppress
import type { Problem } from '@meltemi/base';

export const SUPPRESS = 'galley.istio.io/analyze-suppress';

/** The annotation's value: codes with commas between them, or `*`. */
export function isSuppressed(code: string, annotation: string | undefined): boolean {
  return annotation?.split(',').some((one) => one === '*' || one === code) ?? false;
}

/** A code, and the object that it is not told of. */
export interface Suppression {
  readonly code: string;
  /** `VirtualService default/reviews` or `VirtualService reviews.default`; `*` stands for any text. */
  readonly origin: string;
}

export function suppresses({ code, origin }: Suppression, { resource, code: told }: Problem): boolean {
  if (code !== told || !resource) return false;
  const { kind, namespace, name } = resource;
  const escaped = origin.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
  const pattern = new RegExp(`^${escaped}$`);
  const names = namespace ? [`${namespace}/${name}`, `${name}.${namespace}`] : [name];
  return names.some((one) => pattern.test(`${kind} ${one}`));
}
