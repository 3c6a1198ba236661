// Bytes of a connection → requests: heads, body pieces, ends.
import { isAuthority } from './authority.ts';
import { BodyReader } from './body-reader.ts';
import { heardSpelling, type SpellingMemory } from './field-spelling.ts';
import { FramingFields } from './framing-fields.ts';
import type { RequestHead } from './head.ts';
import type { Headers } from './headers.ts';
import { Http1Error } from './http1-error.ts';
import { defaultHttp1Limits, type Http1Limits } from './limits.ts';
import { CR, LF, lowerToken } from './octets.ts';
import { parseFields } from './parse-fields.ts';
import { SectionGatherer } from './section.ts';
import { parseRequestLine } from './start-line.ts';

export interface RequestHandler {
  onHead(head: RequestHead): void;
  /** A view of the bytes fed: valid during the call only. */
  onBody(chunk: Buffer): void;
  onEnd(trailers: Headers | undefined): void;
  /** Once; the parser takes no more. Answer with `error.status` and close. */
  onError(error: Http1Error): void;
}

const BEFORE = 0;
const BEFORE_LF = 1;
const HEAD = 2;
const BODY = 3;
const DEAD = 4;

/**
 * One connection's requests, one after the other. A callback may call `pause`, `resume` and `reset`, not `execute`.
 * After an upgrade's or CONNECT's end the parser is paused: `resume` where it goes on as HTTP.
 */
export class RequestParser {
  readonly #handler: RequestHandler;
  readonly #limits: Http1Limits;
  readonly #memory: SpellingMemory | undefined;
  readonly #section: SectionGatherer;
  readonly #framing = new FramingFields();
  readonly #body: BodyReader;
  #state = BEFORE;
  /** An empty line was there before the request: RFC 9112 §2.2 lets one pass. */
  #skippedLine = false;
  #upgrade = false;
  #last = false;
  #paused = false;
  /** `reset` was called inside a callback: the call of `execute` ends. */
  #halted = false;

  /** `memory`: the spelling of names is kept. */
  constructor(handler: RequestHandler, limits: Http1Limits = defaultHttp1Limits, memory?: SpellingMemory) {
    this.#handler = handler;
    this.#memory = memory;
    this.#limits = limits;
    this.#section = new SectionGatherer(limits.maxHeadBytes, true);
    this.#body = new BodyReader(limits);
  }

  /** Between messages: nothing of a next request has come. */
  get idle(): boolean {
    return this.#state === BEFORE;
  }

  /**
   * Feeds bytes and returns how many it took: fewer when paused (the caller keeps the rest and feeds it after
   * `resume`), after an error, or behind a request that closes the connection.
   */
  execute(bytes: Buffer): number {
    let pos = 0;
    this.#halted = false;
    while (pos < bytes.length && !this.#paused && !this.#halted && this.#state !== DEAD) pos = this.#step(bytes, pos);
    return pos;
  }

  /** Takes no more bytes; events that need none (the end of a body that is all here) still come. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Back to the beginning of a connection. */
  reset(): void {
    this.#state = BEFORE;
    this.#skippedLine = false;
    this.#paused = false;
    this.#halted = true;
    this.#section.clear();
  }

  /** The connection's read side ended: an error inside a message. */
  finish(): void {
    if (this.#state === DEAD || this.#state === BEFORE) return;
    this.#fail(new Http1Error('CUT_SHORT', 400, 'the connection ended inside a request'));
  }

  #step(bytes: Buffer, pos: number): number {
    switch (this.#state) {
      case BEFORE:
        return this.#before(bytes, pos);
      case BEFORE_LF:
        return this.#beforeLineFeed(bytes, pos);
      case HEAD:
        return this.#head(bytes, pos);
      default:
        return this.#bodyPiece(bytes, pos);
    }
  }

  #before(bytes: Buffer, pos: number): number {
    if (bytes[pos] === CR && !this.#skippedLine) {
      this.#skippedLine = true;
      this.#state = BEFORE_LF;
      return pos + 1;
    }
    if (lowerToken[bytes[pos]!] === 0) {
      this.#fail(new Http1Error('BAD_REQUEST_LINE', 400, 'a request begins with a method'));
      return pos;
    }
    this.#state = HEAD;
    return pos;
  }

  #beforeLineFeed(bytes: Buffer, pos: number): number {
    if (bytes[pos] !== LF) {
      this.#fail(new Http1Error('BAD_LINE_END', 400, 'bare CR before the request line'));
      return pos;
    }
    this.#state = BEFORE;
    return pos + 1;
  }

  #head(bytes: Buffer, from: number): number {
    let pos: number;
    let head: RequestHead;
    try {
      pos = this.#section.gather(bytes, from);
      if (!this.#section.complete) return pos;
      head = this.#parseHead();
    } catch (error) {
      this.#fail(error);
      return from;
    }
    this.#section.clear();
    this.#skippedLine = false;
    this.#upgrade = head.upgrade !== undefined || head.method === 'CONNECT';
    this.#last = !head.keepAlive;
    this.#body.begin(head.bodyLength);
    this.#state = BODY;
    this.#handler.onHead(head);
    if (head.bodyLength === 0 && !this.#halted) this.#end(undefined);
    return pos;
  }

  #parseHead(): RequestHead {
    const { bytes, text, start, end } = this.#section;
    const framing = this.#framing;
    framing.clear();
    const { method, target, version, end: fields } = parseRequestLine(bytes, start, text);
    const headers = parseFields(bytes, fields, end - 2, text, start, this.#limits.maxHeaders, framing);
    if (this.#memory) headers.spelling = heardSpelling(text.slice(fields - start, end - 2 - start), this.#memory);
    checkHost(framing.host, version);
    const bodyLength = framing.declaredLength(version) ?? 0;
    if (method === 'CONNECT' && bodyLength !== 0) {
      throw new Http1Error('BAD_CONTENT_LENGTH', 400, 'CONNECT with a body');
    }
    return {
      method,
      target,
      version,
      headers,
      bodyLength,
      keepAlive: framing.persists(version),
      upgrade: version === 11 && method !== 'CONNECT' && framing.upgradeNominated ? framing.upgrade : undefined,
      expectContinue: version === 11 && bodyLength !== 0 && framing.expect?.toLowerCase() === '100-continue',
    };
  }

  #bodyPiece(bytes: Buffer, from: number): number {
    const body = this.#body;
    let pos: number;
    try {
      pos = body.read(bytes, from);
    } catch (error) {
      this.#fail(error);
      return from;
    }
    const done = body.done;
    if (body.pieceEnd > body.pieceStart) this.#handler.onBody(bytes.subarray(body.pieceStart, body.pieceEnd));
    if (done && !this.#halted) this.#end(body.trailers);
    return pos;
  }

  #end(trailers: Headers | undefined): void {
    // RFC 9112 §9.6: what follows a request that closes the connection is not a request.
    this.#state = this.#last && !this.#upgrade ? DEAD : BEFORE;
    if (this.#upgrade) this.#paused = true;
    this.#handler.onEnd(trailers);
  }

  #fail(error: unknown): void {
    if (!(error instanceof Http1Error)) throw error;
    this.#state = DEAD;
    this.#handler.onError(error);
  }
}

function checkHost(host: string | undefined, version: number): void {
  if (host === undefined) {
    if (version === 11) throw new Http1Error('MISSING_HOST', 400, 'no host field');
  } else if (!isAuthority(host)) {
    throw new Http1Error('BAD_HOST', 400, `host ${JSON.stringify(host)} is not an authority`);
  }
}
