// The outcomes of verifying a token, by the numbers and words that Envoy has for them.

export interface JwtStatus {
  /** As in the metadata that `failed_status_in_metadata` asks for. */
  readonly code: number;
  /** The body of the answer. */
  readonly message: string;
}

export const JWT_STATUS = {
  ok: { code: 0, message: 'OK' },
  missed: { code: 1, message: 'Jwt is missing' },
  notYetValid: { code: 2, message: 'Jwt not yet valid' },
  expired: { code: 3, message: 'Jwt is expired' },
  badFormat: {
    code: 4,
    message: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  },
  headerBadBase64: { code: 5, message: 'Jwt header is an invalid Base64url encoded' },
  headerBadJson: { code: 6, message: 'Jwt header is an invalid JSON' },
  badAlgorithm: { code: 7, message: 'Jwt header [alg] field is required and must be a string' },
  unsupportedAlgorithm: { code: 8, message: 'Jwt header [alg] is not supported' },
  badKid: { code: 9, message: 'Jwt header [kid] field is not a string' },
  payloadBadBase64: { code: 10, message: 'Jwt payload is an invalid Base64url encoded' },
  payloadBadJson: { code: 11, message: 'Jwt payload is an invalid JSON' },
  issuerNotString: { code: 12, message: 'Jwt payload [iss] field is not a string' },
  subjectNotString: { code: 13, message: 'Jwt payload [sub] field is not a string' },
  issuedAtNotNumber: { code: 14, message: 'Jwt payload [iat] field is not an integer' },
  issuedAtOutOfRange: { code: 15, message: 'Jwt payload [iat] field is not a positive 64 bit integer' },
  notBeforeNotNumber: { code: 16, message: 'Jwt payload [nbf] field is not an integer' },
  notBeforeOutOfRange: { code: 17, message: 'Jwt payload [nbf] field is not a positive 64 bit integer' },
  expiryNotNumber: { code: 18, message: 'Jwt payload [exp] field is not an integer' },
  expiryOutOfRange: { code: 19, message: 'Jwt payload [exp] field is not a positive 64 bit integer' },
  idNotString: { code: 20, message: 'Jwt payload [jti] field is not a string' },
  audienceNotString: { code: 21, message: 'Jwt payload [aud] field is not a string or string list' },
  signatureBadBase64: { code: 22, message: 'Jwt signature is an invalid Base64url encoded' },
  ed25519WrongLength: { code: 23, message: 'Jwt ED25519 signature is wrong length' },
  unknownIssuer: { code: 24, message: 'Jwt issuer is not configured' },
  audienceNotAllowed: { code: 25, message: 'Audiences in Jwt are not allowed' },
  verificationFails: { code: 26, message: 'Jwt verification fails' },
  keysBadJson: { code: 28, message: 'Jwks is an invalid JSON' },
  keysMissing: { code: 29, message: 'Jwks does not have [keys] field' },
  keysNotList: { code: 30, message: '[keys] in Jwks is not an array' },
  noValidKeys: { code: 31, message: "Jwks doesn't have any valid public key" },
  noMatchingKey: { code: 32, message: "Jwks doesn't have key to match kid or alg from Jwt" },
  keysFetchFails: { code: 40, message: 'Jwks remote fetch is failed' },
} as const satisfies Record<string, JwtStatus>;
