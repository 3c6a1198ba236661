// PeerAuthentication: which mutual TLS workloads ask for. https://istio.io/latest/docs/reference/config/security/peer_authentication/
import { CODE } from '../problem-code.ts';
import { type Finding, mapOf, message, oneOfTexts } from '../schema.ts';
import { selector, type WorkloadSelector } from './selector.ts';

/** `portLevelMtls` leads from the number of a workload's port to what holds there. */
export interface PeerAuthentication {
  readonly selector?: WorkloadSelector;
  readonly mtls?: MutualTls;
  readonly portLevelMtls?: Readonly<Record<string, MutualTls>>;
}

export interface MutualTls {
  readonly mode?: 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';
}

const mtls = message({ mode: oneOfTexts('UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT') });

export const peerAuthenticationSchema = message({ selector, mtls, portLevelMtls: mapOf(mtls) }, { check: checkPorts });

function checkPorts({ selector: chosen, portLevelMtls }: PeerAuthentication): Finding[] {
  if (portLevelMtls === undefined) return [];
  const path = ['portLevelMtls'];
  if (Object.keys(chosen?.matchLabels ?? {}).length === 0) {
    return [{ path, code: CODE.missing, message: '"portLevelMtls" needs a "selector" with labels' }];
  }
  const wrong = Object.keys(portLevelMtls).filter((key) => !/^[1-9]\d{0,4}$/.test(key) || Number(key) > 65_535);
  return wrong.map((key) => ({
    path: [...path, key],
    code: CODE.badValue,
    message: `${JSON.stringify(key)} is not the number of a port`,
  }));
}
