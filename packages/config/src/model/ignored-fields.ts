// Fields of old rules that nothing follows any more → a warning at each that is written.
import { isRecord } from '../document.ts';
import { CODE } from '../problem-code.ts';
import type { Finding } from '../schema.ts';

/** `false` says what happens anyway, so nothing is lost with it. */
export function ignoredFields(spec: Readonly<Record<string, unknown>>, fields: readonly string[]): Finding[] {
  return fields.flatMap((field): Finding[] => {
    const path = field.split('.');
    const value = path.reduce<unknown>((inside, step) => (isRecord(inside) ? inside[step] : undefined), spec);
    if (value === undefined || value === false) return [];
    const message = `"${path.at(-1)}" has no effect: the mesh has nothing that does this`;
    return [{ path, code: CODE.notConverted, message, severity: 'warning' }];
  });
}
