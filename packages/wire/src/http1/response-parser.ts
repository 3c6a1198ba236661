// Bytes of a connection → responses: heads, body pieces, ends.
import { BodyReader } from './body-reader.ts';
import { type FieldSpelling, heardSpelling, type SpellingMemory } from './field-spelling.ts';
import { FramingFields } from './framing-fields.ts';
import { type ResponseHead, UNTIL_CLOSE } from './head.ts';
import type { Headers } from './headers.ts';
import { Http1Error } from './http1-error.ts';
import { defaultHttp1Limits, type Http1Limits } from './limits.ts';
import { parseFields } from './parse-fields.ts';
import { SectionGatherer } from './section.ts';
import { badStatusLine, parseStatusLine, type StatusLine } from './start-line.ts';

export interface ResponseHandler {
  /** 100, 102, 103: the final head follows. */
  onInformational(head: ResponseHead): void;
  /** The final head; with `upgrade` neither `onBody` nor `onEnd` follows, and the bytes not taken are the tunnel's. */
  onHead(head: ResponseHead): void;
  /** A view of the bytes fed: valid during the call only. */
  onBody(chunk: Buffer): void;
  /** Before the connection is used again look at `surplus`. */
  onEnd(trailers: Headers | undefined): void;
  /** Once; the parser takes no more, the connection is of no further use. */
  onError(error: Http1Error): void;
}

/** How a status line begins: other bytes are refused as soon as they show, not when a head would end. */
const STATUS_LINE = Buffer.from('HTTP/1.', 'latin1');

const UNEXPECTED = 0;
const HEAD = 1;
const BODY = 2;
const TUNNEL = 3;
const DEAD = 4;
/** Informational heads before the final one. */
const maxInformational = 16;

/**
 * One connection's responses, each announced by `expect`. Bytes that nothing announced are an error, also when they
 * come in one read with the end of a response, and are never taken for the answer to a later request.
 */
export class ResponseParser {
  readonly #handler: ResponseHandler;
  readonly #limits: Http1Limits;
  readonly #memory: SpellingMemory | undefined;
  readonly #section: SectionGatherer;
  readonly #framing = new FramingFields();
  readonly #body: BodyReader;
  #state = UNEXPECTED;
  #method = '';
  #upgradeAsked = false;
  #informational = 0;
  #surplus = false;
  #paused = false;
  #halted = false;

  /** `memory`: the spelling of names is kept. */
  constructor(handler: ResponseHandler, limits: Http1Limits = defaultHttp1Limits, memory?: SpellingMemory) {
    this.#handler = handler;
    this.#memory = memory;
    this.#limits = limits;
    this.#section = new SectionGatherer(limits.maxHeadBytes, false);
    this.#body = new BodyReader(limits);
  }

  /** No response is expected or under way. */
  get idle(): boolean {
    return this.#state === UNEXPECTED;
  }

  /** Bytes follow the response that ends in this call of `onEnd`: the connection must not be used again. */
  get surplus(): boolean {
    return this.#surplus;
  }

  /** Announces the response to a request of this method; `upgrade`: the request asked to leave HTTP, so 101 is allowed. */
  expect(method: string, upgrade = false): void {
    if (this.#state !== UNEXPECTED) return;
    this.#state = HEAD;
    this.#method = method;
    this.#upgradeAsked = upgrade;
    this.#informational = 0;
  }

  /** Feeds bytes and returns how many it took: fewer when paused, after an upgrade, or after an error. */
  execute(bytes: Buffer): number {
    let pos = 0;
    this.#halted = false;
    while (pos < bytes.length && !this.#paused && !this.#halted && this.#state < TUNNEL) pos = this.#step(bytes, pos);
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
    this.#state = UNEXPECTED;
    this.#paused = false;
    this.#surplus = false;
    this.#halted = true;
    this.#section.clear();
  }

  /** The connection's read side ended: the end of a body without length, an error inside any other message. */
  finish(): void {
    if (this.#state === BODY && this.#body.untilClose) {
      this.#state = DEAD;
      this.#handler.onEnd(undefined);
    } else if (this.#state === HEAD || this.#state === BODY) {
      this.#fail(new Http1Error('CUT_SHORT', 502, 'the connection ended inside a response'));
    }
  }

  #step(bytes: Buffer, pos: number): number {
    switch (this.#state) {
      case HEAD:
        return this.#head(bytes, pos);
      case BODY:
        return this.#bodyPiece(bytes, pos);
      default:
        this.#fail(new Http1Error('UNSOLICITED_BYTES', 502, 'bytes that no request asked for'));
        return pos;
    }
  }

  #head(bytes: Buffer, from: number): number {
    let pos: number;
    let head: ResponseHead;
    try {
      pos = this.#section.gather(bytes, from);
      if (!this.#section.complete) {
        if (!this.#section.opensLike(STATUS_LINE)) throw badStatusLine();
        return pos;
      }
      head = this.#parseHead();
    } catch (error) {
      this.#fail(error);
      return from;
    }
    this.#section.clear();
    if (head.status < 200 && !head.upgrade) this.#handler.onInformational(head);
    else this.#begin(head, pos < bytes.length);
    return pos;
  }

  #begin(head: ResponseHead, more: boolean): void {
    this.#state = head.upgrade ? TUNNEL : BODY;
    this.#body.begin(head.bodyLength);
    this.#handler.onHead(head);
    if (!head.upgrade && head.bodyLength === 0 && !this.#halted) this.#end(undefined, more);
  }

  #parseHead(): ResponseHead {
    const { bytes, text, start, end } = this.#section;
    const framing = this.#framing;
    framing.clear();
    const line = parseStatusLine(bytes, start, text);
    const headers = parseFields(bytes, line.end, end - 2, text, start, this.#limits.maxHeaders, framing);
    if (this.#memory) headers.spelling = this.#spelling(text.slice(line.end - start, end - 2 - start), line.reason);
    const upgrade = this.#upgrades(line.status);
    if (line.status < 200) this.#checkInformational(line.status, upgrade);
    const bodyLength = this.#bodyLength(line);
    const { status, reason, version } = line;
    const keepAlive = bodyLength !== UNTIL_CLOSE && framing.persists(version);
    return { status, reason, version, headers, bodyLength, keepAlive, upgrade };
  }

  #spelling(fields: string, reason: string): FieldSpelling {
    const spelling = heardSpelling(fields, this.#memory!);
    return this.#memory!.reasons === true ? { ...spelling, reason } : spelling;
  }

  #upgrades(status: number): boolean {
    return status === 101 || (this.#method === 'CONNECT' && status >= 200 && status < 300);
  }

  #checkInformational(status: number, upgrade: boolean): void {
    if (upgrade && !this.#upgradeAsked)
      throw new Http1Error('UNEXPECTED_UPGRADE', 502, '101 to a request without upgrade');
    if (++this.#informational > maxInformational) {
      throw new Http1Error('TOO_MANY_INFORMATIONAL', 502, `more than ${maxInformational} informational responses`);
    }
    if (this.#framing.contentLength !== undefined || this.#framing.transferEncoding !== undefined) {
      throw new Http1Error('BAD_CONTENT_LENGTH', 502, `status ${status} with a length`);
    }
  }

  /** RFC 9112 §6.3. What the fields declare is checked also where there is no body. */
  #bodyLength(line: StatusLine): number {
    const declared = this.#framing.declaredLength(line.version);
    const { status } = line;
    if (status < 200 || status === 204 || status === 304 || this.#method === 'HEAD') return 0;
    if (this.#upgrades(status)) return 0;
    return declared ?? UNTIL_CLOSE;
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
    if (done && !this.#halted) this.#end(body.trailers, pos < bytes.length);
    return pos;
  }

  #end(trailers: Headers | undefined, more: boolean): void {
    this.#state = UNEXPECTED;
    this.#surplus = more;
    this.#handler.onEnd(trailers);
    this.#surplus = false;
    // Whatever `onEnd` announced, the bytes at hand are not the answer to it.
    if (more && !this.#halted)
      this.#fail(new Http1Error('UNSOLICITED_BYTES', 502, 'bytes behind the end of a response'));
  }

  /** Of what a peer's response can be wrong in, a gateway says 502. */
  #fail(error: unknown): void {
    if (!(error instanceof Http1Error)) throw error;
    this.#state = DEAD;
    this.#handler.onError(error.status === 502 ? error : new Http1Error(error.code, 502, error.message));
  }
}
