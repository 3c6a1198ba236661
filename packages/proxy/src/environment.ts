// What configuration may read of the variables that the program was started with.

/** Undefined: there is no variable of this name. */
export type Environment = (name: string) => string | undefined;

/** Where a program gives none. */
export const NO_ENVIRONMENT: Environment = () => undefined;
