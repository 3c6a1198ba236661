// Classes of bytes that HTTP/1.1's grammar is made of (RFC 9110 §5.6, RFC 9112).

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const HTAB = 9;
export const COLON = 58;

/** Token characters, as lower case; 0: no token character. */
export const lowerToken = tableOf((byte, text) => (/[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(text) ? lower(byte) : 0));

/** 1 for what may stand in a field value: HTAB, SP, printable ASCII, and bytes from 0x80. */
export const fieldValueOctet = tableOf((byte) => Number(byte === HTAB || (byte >= SP && byte !== 127)));

/** Value of a hexadecimal digit plus one; 0: none. */
export const hexDigit = tableOf((_, text) => (/[0-9A-Fa-f]/.test(text) ? Number.parseInt(text, 16) + 1 : 0));

function tableOf(classify: (byte: number, text: string) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => classify(byte, String.fromCharCode(byte)));
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}
