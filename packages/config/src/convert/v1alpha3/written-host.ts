// The IstioService of old rules → the host as short as it was written.
import type { IstioService } from '../../model/route-rule.ts';

export function writtenHost({ service, name = '', namespace, domain }: IstioService): string {
  return service ?? [name, namespace, domain].filter((part) => part !== undefined).join('.');
}
