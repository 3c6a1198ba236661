// The Secret of one ServiceAccount ↔ its key, certificate and roots.
import { isRecord } from '../document.ts';
import type { KubeObject } from './kube-object.ts';

export const ACCOUNT_SECRET = 'istio.io/key-and-cert';
const ACCOUNT = 'istio.io/service-account.name';
const FILES = { certificateChain: 'cert-chain.pem', key: 'key.pem', roots: 'root-cert.pem' } as const;

/** PEM, by the names of the files. */
export interface AccountKeys {
  readonly certificateChain: string;
  readonly key: string;
  readonly roots: string;
}

export interface AccountSecret {
  readonly place: string;
  /** By its name; empty where that is not `istio.NAME`. */
  readonly account: string;
  readonly uid: string;
  /** Undefined where a file or the annotation is missing. */
  readonly keys: AccountKeys | undefined;
}

export function accountSecret({ metadata, data }: KubeObject): AccountSecret {
  const { namespace: place = '', name, uid = '', annotations } = metadata;
  const account = /^istio\.(.+)$/.exec(name)?.[1] ?? '';
  const whole = isRecord(annotations) && annotations[ACCOUNT] === account && isRecord(data);
  return { place, account, uid, keys: whole ? keysOf(data) : undefined };
}

export function secretBody(account: string, keys: AccountKeys) {
  const texts = Object.entries(FILES).map(([field, file]) => [file, keys[field as keyof AccountKeys]] as const);
  return {
    metadata: { name: `istio.${account}`, annotations: { [ACCOUNT]: account } },
    type: ACCOUNT_SECRET,
    data: Object.fromEntries(texts.map(([file, text]) => [file, Buffer.from(text).toString('base64')])),
  };
}

function keysOf(data: Readonly<Record<string, unknown>>): AccountKeys | undefined {
  const [certificateChain, key, roots] = Object.values(FILES).map((file) => {
    const text = data[file];
    return typeof text === 'string' ? Buffer.from(text, 'base64').toString('utf8') : '';
  });
  return certificateChain && key && roots ? { certificateChain, key, roots } : undefined;
}
