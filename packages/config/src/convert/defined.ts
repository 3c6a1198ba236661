// Drops the fields that have no value, so that a converted object looks as if it had been written by hand.

export function defined<Shape extends object>(shape: Shape): Shape {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Shape;
}
