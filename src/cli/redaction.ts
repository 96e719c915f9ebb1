/**
 * Hides texts in a stream of output. Each value is looked for as it is, line by line where it has several lines, and in the forms that
 * programs print: base64, percent-encoded, inside a JSON string. Values of less than four bytes are not hidden: they would tear
 * everything else apart. Pure.
 */

const mask = Buffer.from('[redacted]').toString('latin1');
const leastBytes = 4;
/** A shorter one could be any part of another base64 text. */
const leastEncodedBytes = 6;

interface Branch {
  readonly next: Map<string, Branch>;
  isEnd: boolean;
}

const newBranch = (): Branch => ({ next: new Map(), isEnd: false });

/** The texts to hide, as a tree of bytes. */
export class Redaction {
  readonly #root = newBranch();

  constructor(values: Iterable<string>) {
    for (const value of values) for (const form of formsOf(value)) this.#add(Buffer.from(form).toString('latin1'));
  }

  #add(raw: string): void {
    if (raw.length < leastBytes) return;
    let branch = this.#root;
    for (const byte of raw) {
      const next = branch.next.get(byte) ?? newBranch();
      branch.next.set(byte, next);
      branch = next;
    }
    branch.isEnd = true;
  }

  /** One stream. What could be the start of a value is held back until more comes, or the end. */
  stream(): { push(chunk: Uint8Array): Uint8Array; end(): Uint8Array } {
    let held = '';
    const hide = (text: string, isLast: boolean): Uint8Array => {
      const { shown, rest } = this.#hide(text, isLast);
      held = rest;
      return new Uint8Array(Buffer.from(shown, 'latin1'));
    };
    return {
      push: chunk => hide(held + Buffer.from(chunk).toString('latin1'), false),
      end: () => hide(held, true),
    };
  }

  #hide(text: string, isLast: boolean): { shown: string; rest: string } {
    const parts: string[] = [];
    let from = 0;
    for (let at = 0; at < text.length; ) {
      const { length, isOpen } = this.#longest(text, at);
      if (isOpen && !isLast) return { shown: parts.join('') + text.slice(from, at), rest: text.slice(at) };
      if (length === 0) {
        at += 1;
        continue;
      }
      parts.push(text.slice(from, at), mask);
      at += length;
      from = at;
    }
    return { shown: parts.join('') + text.slice(from), rest: '' };
  }

  /** The longest value that stands at a place, and whether more text could make it a longer one. */
  #longest(text: string, start: number): { length: number; isOpen: boolean } {
    let branch: Branch | undefined = this.#root;
    let length = 0;
    for (let at = start; ; at += 1) {
      if (at === text.length) return { length, isOpen: branch.next.size > 0 };
      branch = branch.next.get(text.charAt(at));
      if (branch === undefined) return { length, isOpen: false };
      if (branch.isEnd) length = at + 1 - start;
    }
  }
}

function formsOf(value: string): string[] {
  const texts = [value, ...value.split(/\r?\n/)].map(text => text.trim());
  return [value, ...texts, ...texts.flatMap(encodedForms)];
}

function encodedForms(text: string): string[] {
  const bytes = Buffer.from(text);
  if (bytes.length < leastEncodedBytes) return [];
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  return [base64, bytes.toString('base64url'), percentEncoded(text), JSON.stringify(text).slice(1, -1)];
}

function percentEncoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
