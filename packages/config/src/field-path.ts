// Paths of fields as text (`spec.http[0].match`) and as steps (`['spec', 'http', 0, 'match']`).
import type { Path } from './schema.ts';

/** Keys that are not plain words stand in brackets and quotes: `metadata.labels["a.b/c"]`. */
export function formatPath(path: Path): string {
  let written = '';
  for (const step of path) {
    if (typeof step === 'number') written += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) written += written ? `.${step}` : step;
    else written += `[${JSON.stringify(step)}]`;
  }
  return written;
}

/** The steps of a path written by `formatPath`. */
export function parsePath(written: string): Path {
  const steps = written.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g);
  return Array.from(steps, ([, index, quoted, word]) =>
    index !== undefined ? Number(index) : quoted !== undefined ? (JSON.parse(quoted) as string) : word!,
  );
}
