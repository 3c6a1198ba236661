// Splits the target of a request into authority and path.
import type { RequestHead } from '@meltemi/wire';

export interface RequestTarget {
  readonly authority: string;
  /** Path with query. */
  readonly path: string;
}

/** RFC 9112 §3.2. In absolute-form the target's authority counts, not Host's. Undefined: neither form is meant for a proxy like this. */
export function requestTarget(head: RequestHead): RequestTarget | undefined {
  const { target } = head;
  // The fast path: nearly every request has origin-form.
  if (target.charCodeAt(0) === 0x2f) return { authority: head.headers.get('host') ?? '', path: target };
  // Authority-form; a CONNECT that names a protocol has a path, and was taken above.
  if (head.method === 'CONNECT') return /^[^/?#@]+:\d+$/.test(target) ? { authority: target, path: '' } : undefined;
  if (target === '*') return { authority: head.headers.get('host') ?? '', path: '*' };
  const absolute = /^https?:\/\/([^/?#@]+)(.*)$/i.exec(target);
  if (!absolute) return undefined;
  const rest = absolute[2]!;
  return { authority: absolute[1]!, path: rest.startsWith('/') ? rest : `/${rest}` };
}
