// Reads the settings of a MeshConfig that this control plane knows.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
import { parseDuration, type Problem } from '@meltemi/base';
import { DEFAULT_MESH, type MeshSettings, type OutboundTrafficPolicy } from './mesh.ts';

/** `written`: the decoded YAML. Settings of other programs are left alone; wrong values are said, and the default holds. */
export function meshSettings(
  written: unknown,
  defaults: MeshSettings = DEFAULT_MESH,
): { readonly mesh: MeshSettings; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const fields = (typeof written === 'object' && written !== null ? written : {}) as Readonly<Record<string, unknown>>;
  const text = (name: string, otherwise: string): string => {
    const value = fields[name];
    if (value === undefined || typeof value === 'string') return value ?? otherwise;
    problems.push(wrong(name, `expected a text, got ${JSON.stringify(value)}`));
    return otherwise;
  };
  const connectTimeout = text('connectTimeout', '');
  const connectTimeoutMs = connectTimeout === '' ? defaults.connectTimeoutMs : parseDuration(connectTimeout);
  if (connectTimeoutMs === undefined)
    problems.push(wrong('connectTimeout', `"${connectTimeout}" is not a time such as 10s`));
  const policy = outboundPolicy(fields['outboundTrafficPolicy'], problems);
  const mesh = {
    ...defaults,
    trustDomain: text('trustDomain', defaults.trustDomain),
    rootNamespace: text('rootNamespace', defaults.rootNamespace),
    accessLogFile: text('accessLogFile', defaults.accessLogFile),
    accessLogFormat: text('accessLogFormat', defaults.accessLogFormat),
    connectTimeoutMs: connectTimeoutMs ?? defaults.connectTimeoutMs,
    outboundTrafficPolicy: policy ?? defaults.outboundTrafficPolicy,
  };
  return { mesh, problems };
}

function outboundPolicy(written: unknown, problems: Problem[]): OutboundTrafficPolicy | undefined {
  const mode = (written as { readonly mode?: unknown } | undefined)?.mode;
  if (mode === undefined || mode === 'ALLOW_ANY' || mode === 'REGISTRY_ONLY') return mode;
  const path = 'outboundTrafficPolicy.mode';
  problems.push(wrong(path, `expected ALLOW_ANY or REGISTRY_ONLY, got ${JSON.stringify(mode)}`));
  return undefined;
}

function wrong(path: string, message: string): Problem {
  return { severity: 'error', code: 'MEL0303', message: `mesh config: ${path}: ${message}`, path };
}
