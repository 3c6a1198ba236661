// The types of operators and functions. `T` stands for one type, the same in all places of a signature.
import { EXTERNS } from '../externs/externs.ts';
import { type ValueType, VALUE_TYPES } from '../values/value-type.ts';

export interface Signature {
  readonly target?: ValueType;
  readonly params: readonly (ValueType | 'T')[];
  readonly returns: ValueType | 'T';
  /** What T may be. */
  readonly where: readonly ValueType[];
}

const ORDERED = ['STRING', 'INT64', 'DOUBLE', 'TIMESTAMP', 'DURATION'] as const;
const COMPARABLE = VALUE_TYPES.filter((type) => type !== 'STRING_MAP');

const OPERATORS: Readonly<Record<string, Signature>> = {
  EQ: { params: ['T', 'T'], returns: 'BOOL', where: COMPARABLE },
  NEQ: { params: ['T', 'T'], returns: 'BOOL', where: COMPARABLE },
  LT: { params: ['T', 'T'], returns: 'BOOL', where: ORDERED },
  LEQ: { params: ['T', 'T'], returns: 'BOOL', where: ORDERED },
  GT: { params: ['T', 'T'], returns: 'BOOL', where: ORDERED },
  GEQ: { params: ['T', 'T'], returns: 'BOOL', where: ORDERED },
  OR: { params: ['T', 'T'], returns: 'T', where: VALUE_TYPES },
  LOR: { params: ['BOOL', 'BOOL'], returns: 'BOOL', where: [] },
  LAND: { params: ['BOOL', 'BOOL'], returns: 'BOOL', where: [] },
  INDEX: { params: ['STRING_MAP', 'STRING'], returns: 'STRING', where: [] },
  ADD: { params: ['T', 'T'], returns: 'T', where: ['STRING', 'INT64', 'DOUBLE'] },
  conditional: { params: ['BOOL', 'T', 'T'], returns: 'T', where: VALUE_TYPES },
};

const SIGNATURES: ReadonlyMap<string, Signature> = new Map([
  ...Object.entries(OPERATORS),
  ...Object.entries(EXTERNS).map(([name, extern]): [string, Signature] => [name, { ...extern, where: [] }]),
]);

export function signatureOf(name: string): Signature | undefined {
  return SIGNATURES.get(name);
}
