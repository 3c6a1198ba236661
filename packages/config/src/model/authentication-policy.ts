// Policy and MeshPolicy of Istio 0.8 to 1.4: who must prove what. https://istio.io/v1.0/docs/reference/config/istio.authentication.v1alpha1/
import { CODE } from '../problem-code.ts';
import { anything, type Finding, flag, list, message, numberedTexts, portNumber, text } from '../schema.ts';
import { dnsLabel, nonEmpty } from '../text-check.ts';

export interface AuthenticationPolicy {
  readonly targets?: readonly {
    readonly name: string;
    readonly ports?: readonly { readonly number?: number; readonly name?: string }[];
  }[];
  readonly peers?: readonly {
    readonly mtls?: { readonly allowTls?: boolean; readonly mode?: string };
    readonly jwt?: AuthenticationJwt;
  }[];
  readonly peerIsOptional?: boolean;
  readonly origins?: readonly { readonly jwt?: AuthenticationJwt }[];
  readonly originIsOptional?: boolean;
  readonly principalBinding?: 'USE_PEER' | 'USE_ORIGIN';
}

export interface AuthenticationJwt {
  readonly issuer?: string;
  readonly audiences?: readonly string[];
  readonly jwksUri?: string;
  readonly jwks?: string;
  readonly jwtHeaders?: readonly string[];
  readonly jwtParams?: readonly string[];
  /** Where a token is asked for: where one of them holds; without any, everywhere. */
  readonly triggerRules?: readonly {
    readonly excludedPaths?: readonly AuthenticationPath[];
    readonly includedPaths?: readonly AuthenticationPath[];
  }[];
}

/** One of them. */
export interface AuthenticationPath {
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly regex?: string;
}

const port = message({ number: portNumber, name: nonEmpty }, { oneOf: [['number', 'name']] });
const pathMatch = message(
  { exact: text(), prefix: text(), suffix: text(), regex: text() },
  { oneOf: [['exact', 'prefix', 'suffix', 'regex']] },
);

const jwt = message(
  {
    issuer: nonEmpty,
    audiences: list(nonEmpty),
    jwksUri: text((value) =>
      URL.canParse(value) ? undefined : { code: CODE.badValue, message: `${JSON.stringify(value)} is not a URL` },
    ),
    jwks: text(),
    jwtHeaders: list(nonEmpty),
    jwtParams: list(nonEmpty),
    triggerRules: list(message({ excludedPaths: list(pathMatch), includedPaths: list(pathMatch) })),
  },
  { required: ['issuer'], oneOf: [['jwks', 'jwksUri']] },
);

export const meshPolicySchema = message({
  targets: list(message({ name: dnsLabel, subset: anything, ports: list(port) }, { required: ['name'] })),
  peers: list(
    message(
      { mtls: message({ allowTls: flag, mode: numberedTexts('STRICT', 'PERMISSIVE') }), jwt },
      {
        oneOf: [['mtls', 'jwt']],
      },
    ),
  ),
  peerIsOptional: flag,
  origins: list(message({ jwt })),
  originIsOptional: flag,
  principalBinding: numberedTexts('USE_PEER', 'USE_ORIGIN'),
});

/** The policy named `default` is for all of its namespace; others say for whom they are. */
export function checkPolicyName(name: string, spec: Readonly<Record<string, unknown>>): Finding[] {
  const targets = (spec['targets'] ?? []) as readonly unknown[];
  if (name === 'default' && targets.length > 0) {
    return [{ path: ['targets'], code: CODE.exclusive, message: 'the policy "default" must not have targets' }];
  }
  if (name === 'default' || targets.length > 0) return [];
  return [{ path: [], code: CODE.missing, message: 'a policy with another name than "default" needs "targets"' }];
}

/** There is one for the whole mesh. */
export function checkMeshPolicyName(name: string, spec: Readonly<Record<string, unknown>>): Finding[] {
  if (name !== 'default') return [{ path: [], code: CODE.badValue, message: 'only the name "default" is heard' }];
  return checkPolicyName(name, spec);
}
