// Waits until a program that was started answers at a URL.

export interface Starting {
  readonly name: string;
  /** Null while it runs. */
  readonly exitCode: () => number | null;
  readonly deadlineMs: number;
}

/** Rejects when it has ended, or is not ready by the deadline. */
export async function ready(url: string, { name, exitCode, deadlineMs }: Starting): Promise<void> {
  for (const end = Date.now() + deadlineMs; Date.now() < end;) {
    if (exitCode() !== null) throw new Error(`${name} ended with code ${exitCode()}`);
    const answers = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${name} is not ready after ${deadlineMs} ms`);
}
