// Header fields in order: an ordered multimap of lower-case names to latin1 values.
import type { FieldSpelling } from './field-spelling.ts';
import { Http1Error } from './http1-error.ts';

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const notFieldValue = /[^\t\x20-\x7e\x80-\xff]/;
const checkedNames = new Set<string>();
const maxCheckedNames = 1024;

/**
 * Fields of one message. Names are lower-case in every argument. `set` and `add` throw `Http1Error` for what cannot
 * stand in a message (CR, LF, NUL, other controls, characters over U+00FF), so whatever is in here can be written.
 */
export class Headers {
  /** Name and value of each field in turn: a message has several of these objects, and each is short-lived. */
  readonly #fields: string[] = [];
  /** How HTTP/1.1 writes the names; undefined: as who sends them likes. */
  spelling: FieldSpelling | undefined;

  /** Number of fields. */
  get size(): number {
    return this.#fields.length / 2;
  }

  /** `index` is less than `size`. */
  nameAt(index: number): string {
    return this.#fields[index * 2]!;
  }

  /** `index` is less than `size`. */
  valueAt(index: number): string {
    return this.#fields[index * 2 + 1]!;
  }

  /** The value; several are joined by `,` (`; ` for cookie) as RFC 9110 §5.3 has it. */
  get(name: string): string | undefined {
    const first = this.#find(name, 0);
    if (first < 0) return undefined;
    return this.#find(name, first + 2) < 0 ? this.#fields[first + 1] : this.#join(name);
  }

  /** Every value in order. */
  getAll(name: string): string[] {
    return this.#fields.filter((_, at) => at % 2 === 1 && this.#fields[at - 1] === name);
  }

  has(name: string): boolean {
    return this.#find(name, 0) >= 0;
  }

  /** Replaces all fields of the name by one, where the first stood. */
  set(name: string, value: string): void {
    checkName(name);
    checkValue(name, value);
    this.put(name, value);
  }

  /** As `set`, of a value that can stand in a message for sure: made by us, or parsed. */
  put(name: string, value: string): void {
    const first = this.#find(name, 0);
    if (first < 0) return this.append(name, value);
    this.#fields[first + 1] = value;
    this.#removeFrom(first + 2, name);
  }

  add(name: string, value: string): void {
    checkName(name);
    checkValue(name, value);
    this.append(name, value);
  }

  /** Adds a field that the parser has already checked. */
  append(name: string, value: string): void {
    this.#fields.push(name, value);
  }

  remove(name: string): void {
    this.#removeFrom(0, name);
  }

  /** A copy that changes on its own. */
  clone(): Headers {
    const copy = new Headers();
    copy.spelling = this.spelling;
    for (const text of this.#fields) copy.#fields.push(text);
    return copy;
  }

  *entries(): Iterable<[string, string]> {
    for (let index = 0; index < this.size; index++) yield [this.nameAt(index), this.valueAt(index)];
  }

  /** Where the name of the first field of that name from `from` on is; -1: nowhere. */
  #find(name: string, from: number): number {
    const fields = this.#fields;
    for (let at = from; at < fields.length; at += 2) if (fields[at] === name) return at;
    return -1;
  }

  #join(name: string): string {
    return this.getAll(name).join(name === 'cookie' ? '; ' : ',');
  }

  #removeFrom(from: number, name: string): void {
    const first = this.#find(name, from);
    if (first < 0) return;
    const fields = this.#fields;
    let kept = first;
    for (let at = first + 2; at < fields.length; at += 2) {
      if (fields[at] === name) continue;
      fields[kept++] = fields[at]!;
      fields[kept++] = fields[at + 1]!;
    }
    fields.length = kept;
  }
}

function checkName(name: string): void {
  if (checkedNames.has(name)) return;
  if (!token.test(name)) {
    throw new Http1Error('BAD_FIELD_NAME', 500, `field name ${JSON.stringify(name)} is not a lower-case token`);
  }
  if (checkedNames.size < maxCheckedNames) checkedNames.add(name);
}

function checkValue(name: string, value: string): void {
  if (notFieldValue.test(value)) {
    throw new Http1Error('BAD_FIELD_VALUE', 500, `field ${name}: the value has a character that HTTP/1.1 cannot carry`);
  }
}
