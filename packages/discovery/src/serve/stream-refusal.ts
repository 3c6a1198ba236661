// A reason to end a stream from this side, as gRPC says it.
import { Metadata, type status } from '@grpc/grpc-js';

export class StreamRefusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.name = 'StreamRefusal';
    this.code = code;
  }

  /** As grpc-js takes it: an error event of the call. */
  get event(): Error {
    return Object.assign(this, { details: this.message, metadata: new Metadata() });
  }
}
