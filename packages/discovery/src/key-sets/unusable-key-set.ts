// The key set that stands in where an issuer's own can't be had: no token is good by it.

/**
 * A proxy refuses a listener whose key set has no key, and would go on with the one before, which asks for no tokens.
 * So there is one: a point of P-256 that a hash chose (its test makes it again), and whose private key nobody has.
 */
export const UNUSABLE_KEY_SET = JSON.stringify({
  keys: [
    {
      kty: 'EC',
      crv: 'P-256',
      alg: 'ES256',
      x: 'WFQb12wEMcz_onl5kjbUhrxSKtBUCiGCptEtrb_Vxhk',
      y: '1mS1IIati1_uoYgGUecd0iAnp73Bn9IFhOpdorCzNro',
    },
  ],
});
