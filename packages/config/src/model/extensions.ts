// WasmPlugin and TrafficExtension: programs that run in the proxy. https://istio.io/latest/docs/reference/config/proxy_extensions/
import { CODE } from '../problem-code.ts';
import { anything, type Finding, integer, list, message, oneOfTexts, portNumber, text } from '../schema.ts';
import { nonEmpty } from '../text-check.ts';
import { policyTarget, selector, TARGETING } from './selector.ts';

const phase = oneOfTexts('UNSPECIFIED_PHASE', 'AUTHN', 'AUTHZ', 'STATS');
const priority = integer(-2_147_483_648, 2_147_483_647);

const environmentVariable = message(
  { name: nonEmpty, valueFrom: oneOfTexts('INLINE', 'HOST'), value: text() },
  { required: ['name'], check: checkHostValue },
);

const wasm = {
  url: text((value) =>
    value !== '' && URL.canParse(value.includes('://') ? value : `oci://${value}`)
      ? undefined
      : { code: CODE.badValue, message: `${JSON.stringify(value)} is not a URL` },
  ),
  sha256: text((value) =>
    /^([\da-f]{64})?$/.test(value)
      ? undefined
      : { code: CODE.badValue, message: 'a SHA-256 has 64 hexadecimal digits, in lower case' },
  ),
  imagePullPolicy: oneOfTexts('UNSPECIFIED_POLICY', 'IfNotPresent', 'Always'),
  imagePullSecret: text(),
  verificationKey: text(),
  pluginConfig: anything,
  pluginName: text(),
  failStrategy: oneOfTexts('FAIL_CLOSE', 'FAIL_OPEN', 'FAIL_RELOAD'),
  vmConfig: message({ env: list(environmentVariable) }),
  type: oneOfTexts('UNSPECIFIED_PLUGIN_TYPE', 'HTTP', 'NETWORK'),
};

const match = list(
  message({
    mode: oneOfTexts('UNDEFINED', 'CLIENT', 'SERVER', 'CLIENT_AND_SERVER'),
    ports: list(message({ number: portNumber }, { required: ['number'] })),
  }),
);

const shared = { selector, targetRef: policyTarget, targetRefs: list(policyTarget), phase, priority, match };

export const wasmPluginSchema = message({ ...shared, ...wasm }, { required: ['url'], oneOf: [TARGETING] });

export const trafficExtensionSchema = message(
  {
    ...shared,
    wasm: message(wasm, { required: ['url'] }),
    lua: message({ inlineCode: nonEmpty }, { required: ['inlineCode'] }),
  },
  { oneOf: [TARGETING, ['wasm', 'lua']], check: checkProgram },
);

function checkHostValue(variable: Readonly<Record<string, unknown>>): Finding[] {
  if (variable['valueFrom'] !== 'HOST' || variable['value'] === undefined) return [];
  return [{ path: ['value'], code: CODE.exclusive, message: '"value" must not be there when it comes from the host' }];
}

function checkProgram(extension: Readonly<Record<string, unknown>>): Finding[] {
  if (extension['wasm'] !== undefined || extension['lua'] !== undefined) return [];
  return [{ path: [], code: CODE.missing, message: 'one of "wasm" and "lua" is needed' }];
}
