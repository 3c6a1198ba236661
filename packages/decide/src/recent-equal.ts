// Gives one object for equal ones that come one after the other: most routes of a table say the same of many things.

/** Members are compared by identity. What routes share lies in memory once, and is likely to be in the processor's cache. */
export class RecentEqual<Value extends object> {
  #recent: Value | undefined;

  share(value: Value): Value {
    if (!this.#recent || !sameMembers(this.#recent, value)) this.#recent = value;
    return this.#recent;
  }
}

function sameMembers<Value extends object>(a: Value, b: Value): boolean {
  const keys = Object.keys(a) as (keyof Value)[];
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
