// Tells RSA keys of the generator whose primes are known to be guessable (ROCA, CVE-2017-15361) by their modulus alone.
// https://crocs.fi.muni.cz/public/papers/rsa_ccs17

/** Modulo each of these the modulus of such a key is a power of 65537; that of another key hardly ever is for all. */
// oxfmt-ignore
const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127,
  131, 137, 139, 149, 151, 157, 163, 167,
];
const GENERATOR = 65_537;

const POWERS: readonly (readonly [bigint, ReadonlySet<number>])[] = PRIMES.map((prime) => [
  BigInt(prime),
  powersModulo(prime),
]);

/** `modulus`: big-endian. */
export function isWeakModulus(modulus: Buffer): boolean {
  const n = BigInt(`0x${modulus.toString('hex')}`);
  return POWERS.every(([prime, powers]) => powers.has(Number(n % prime)));
}

function powersModulo(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * GENERATOR) % prime) powers.add(power);
  return powers;
}
