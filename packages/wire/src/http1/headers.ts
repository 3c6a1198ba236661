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
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  /** How HTTP/1.1 writes the names; undefined: as who sends them likes. */
  spelling: FieldSpelling | undefined;

  /** Parallel to `values`. */
  get names(): readonly string[] {
    return this.#names;
  }

  get values(): readonly string[] {
    return this.#values;
  }

  /** Number of fields. */
  get size(): number {
    return this.#names.length;
  }

  /** The value; several are joined by `,` (`; ` for cookie) as RFC 9110 §5.3 has it. */
  get(name: string): string | undefined {
    const first = this.#names.indexOf(name);
    if (first < 0) return undefined;
    return this.#names.indexOf(name, first + 1) < 0 ? this.#values[first] : this.#join(name);
  }

  /** Every value in order. */
  getAll(name: string): string[] {
    return this.#values.filter((_, i) => this.#names[i] === name);
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Replaces all fields of the name by one, where the first stood. */
  set(name: string, value: string): void {
    checkName(name);
    checkValue(name, value);
    this.put(name, value);
  }

  /** As `set`, of a value that can stand in a message for sure: made by us, or parsed. */
  put(name: string, value: string): void {
    const first = this.#names.indexOf(name);
    if (first < 0) return this.append(name, value);
    this.#values[first] = value;
    if (this.#names.indexOf(name, first + 1) >= 0) this.#removeFrom(first + 1, name);
  }

  add(name: string, value: string): void {
    checkName(name);
    checkValue(name, value);
    this.append(name, value);
  }

  /** Adds a field that the parser has already checked. */
  append(name: string, value: string): void {
    this.#names.push(name);
    this.#values.push(value);
  }

  remove(name: string): void {
    const first = this.#names.indexOf(name);
    if (first >= 0) this.#removeFrom(first, name);
  }

  /** A copy that changes on its own. */
  clone(): Headers {
    const copy = new Headers();
    copy.spelling = this.spelling;
    for (let i = 0; i < this.#names.length; i++) copy.append(this.#names[i]!, this.#values[i]!);
    return copy;
  }

  *entries(): Iterable<[string, string]> {
    for (let i = 0; i < this.#names.length; i++) yield [this.#names[i]!, this.#values[i]!];
  }

  #join(name: string): string {
    return this.getAll(name).join(name === 'cookie' ? '; ' : ',');
  }

  #removeFrom(from: number, name: string): void {
    let kept = from;
    for (let i = from; i < this.#names.length; i++) {
      if (this.#names[i] === name) continue;
      this.#names[kept] = this.#names[i]!;
      this.#values[kept] = this.#values[i]!;
      kept++;
    }
    this.#names.length = kept;
    this.#values.length = kept;
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
