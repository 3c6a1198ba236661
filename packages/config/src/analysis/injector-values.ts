// The injector's ConfigMap → what it gives to pods.
import { isRecord } from '../document.ts';
import type { Subject } from './analyzer.ts';

export interface InjectorValues {
  readonly enableNamespacesByDefault: boolean;
  /** The image of proxies, whole. */
  readonly image: string;
}

/** Of a revision; undefined where there is no such injector, or its values can't be read. */
export function injectorValues({ view }: Subject, revision: string | undefined): InjectorValues | undefined {
  const name = !revision || revision === 'default' ? 'istio-sidecar-injector' : `istio-sidecar-injector-${revision}`;
  const map = view.objects('ConfigMap').find(({ metadata }) => metadata.name === name);
  const values = parse(map?.data['values']);
  if (!values) return undefined;
  const global = record(values['global']);
  const image = text(record(global['proxy'])['image']);
  return {
    enableNamespacesByDefault: record(values['sidecarInjectorWebhook'])['enableNamespacesByDefault'] === true,
    image: image.includes('/') ? image : `${text(global['hub'])}/${image}:${text(global['tag'])}`,
  };
}

function parse(written: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const values: unknown = JSON.parse(written ?? '');
    return isRecord(values) ? values : undefined;
  } catch {
    return undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
