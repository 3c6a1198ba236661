// ProxyConfig: how proxies of workloads are started. https://istio.io/latest/docs/reference/config/networking/proxy-config/
import { integer, labelMap, message, text } from '../schema.ts';
import { selector, type WorkloadSelector } from './selector.ts';

/** `concurrency` 0: as many threads as the machine has cores. */
export interface ProxyConfig {
  readonly selector?: WorkloadSelector;
  readonly concurrency?: number;
  readonly environmentVariables?: Readonly<Record<string, string>>;
  readonly image?: { readonly imageType?: string };
}

export const proxyConfigSchema = message({
  selector,
  concurrency: integer(0, 2_147_483_647),
  environmentVariables: labelMap,
  image: message({ imageType: text() }),
});
