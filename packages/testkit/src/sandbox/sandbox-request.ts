// What a test and the first process of its sandbox say to each other.

export interface SandboxRequest {
  readonly id: number;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type SandboxAnswer =
  | { readonly id: number; readonly status: number; readonly body: string }
  | { readonly id: number; readonly error: string };

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}
