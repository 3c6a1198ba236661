// The fields of an adapter's or instance's configuration → values of the types wanted, problems collected.
import { parseGoDuration } from '../values/duration-text.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Says what is wrong with a field. */
export type Report = (path: string, message: string) => void;

/** Fields are found by both of their names in protobuf's JSON: `maxAmount`, `max_amount`. */
export class SpecReader {
  readonly #fields: Fields;
  readonly #path: string;
  readonly #report: Report;

  constructor(fields: Fields, report: Report, path = 'spec') {
    this.#fields = fields;
    this.#path = path;
    this.#report = report;
  }

  text(name: string, otherwise = ''): string {
    return this.#take(name, otherwise, (value) => (typeof value === 'string' ? value : undefined), 'a text');
  }

  flag(name: string): boolean {
    return this.#take(name, false, (value) => (typeof value === 'boolean' ? value : undefined), 'true or false');
  }

  /** An integer, as a number or in quotes. */
  integer(name: string, otherwise: number): number {
    return this.#take(name, otherwise, readInteger, 'an integer');
  }

  number(name: string, otherwise: number): number {
    return this.#take(name, otherwise, (value) => (typeof value === 'number' ? value : undefined), 'a number');
  }

  numbers(name: string): readonly number[] {
    return this.#take(name, [], (value) => (isNumbers(value) ? value : undefined), 'a list of numbers');
  }

  durationMs(name: string, otherwise: number): number {
    return this.#take(name, otherwise, readDurationMs, 'a duration like "10s"');
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const find = (value: unknown): Choice | undefined => choices.find((choice) => choice === value);
    return this.#take(name, choices[0]!, find, `one of ${choices.join(', ')}`);
  }

  texts(name: string): readonly string[] {
    return this.#take(name, [], (value) => (isTexts(value) ? value : undefined), 'a list of texts');
  }

  /** A reader for an object; one without fields where there is none. */
  object(name: string): SpecReader {
    return new SpecReader(this.fields(name), this.#report, `${this.#path}.${name}`);
  }

  fields(name: string): Fields {
    return this.#take(name, {}, (value) => (isFields(value) ? value : undefined), 'an object');
  }

  objects(name: string): readonly SpecReader[] {
    const items = this.#take(name, [], (value) => (Array.isArray(value) ? value : undefined), 'a list');
    return items.map((item: unknown, index) => {
      const path = `${this.#path}.${name}[${index}]`;
      if (!isFields(item)) this.#report(path, 'must be an object');
      return new SpecReader(isFields(item) ? item : {}, this.#report, path);
    });
  }

  /** Refuses all fields but these. */
  only(names: readonly string[]): void {
    for (const name of Object.keys(this.#fields)) {
      if (!names.some((known) => known === name || snakeCase(known) === name)) this.refuse(name, 'is not known');
    }
  }

  /** Whether it says something of the field. */
  has(name: string): boolean {
    return (this.#fields[name] ?? this.#fields[snakeCase(name)] ?? undefined) !== undefined;
  }

  refuse(name: string, message: string): void {
    this.#report(`${this.#path}.${name}`, message);
  }

  #take<Content>(
    name: string,
    otherwise: Content,
    read: (value: unknown) => Content | undefined,
    wanted: string,
  ): Content {
    const value = this.#fields[name] ?? this.#fields[snakeCase(name)];
    if (value === undefined || value === null) return otherwise;
    const content = read(value);
    if (content === undefined) this.refuse(name, `must be ${wanted}`);
    return content ?? otherwise;
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function readInteger(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
}

function readDurationMs(value: unknown): number | undefined {
  const nanoseconds = typeof value === 'string' ? parseGoDuration(value) : undefined;
  return nanoseconds === undefined ? undefined : Number(nanoseconds) / 1e6;
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
