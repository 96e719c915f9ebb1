/** What the command says on standard error. Data never goes there, and nothing else goes to standard output. */

import { type ErrorKind, errorKinds, TsopsError, type Where } from '../errors.ts';
import { isTerminal, type Paint, paintFor, writeStderr } from '../host/streams.ts';

const plain: Paint = (_style, text) => text;

/** How far a run over many files has come, for whoever watches. */
export interface Progress {
  step(): void;
  end(): void;
}

/** Where messages go. */
export class Report {
  readonly #paint: Paint;
  /** What stands before every message that is no error, since errors name their file themselves. */
  readonly #prefix: string;
  /** Whether `note` is heard. */
  verbose = false;

  constructor(paint: Paint = plain, prefix = '') {
    this.#paint = paint;
    this.#prefix = prefix;
  }

  /** A report on one of several files. */
  about(file: string): Report {
    const report = new Report(this.#paint, `${file}: `);
    report.verbose = this.verbose;
    return report;
  }

  /** Shows how many of `total` files are done, where standard error is a terminal and there are enough of them to wait for. */
  progress(total: number): Progress {
    if (total < leastShown || !isTerminal('stderr')) return { step: () => {}, end: () => {} };
    let done = 0;
    return {
      step: () => {
        done += 1;
        showBar(done, total);
      },
      end: hideBar,
    };
  }

  static async onTerminal(): Promise<Report> {
    return new Report(await paintFor('stderr'));
  }

  /** Says something that only `--verbose` wants to know. */
  note(message: string): void {
    if (this.verbose) this.#say(`tsops: ${escapeControls(`${this.#prefix}${message}`)}`);
  }

  /** Says something whether asked or not, such as what `init` did. */
  tell(message: string): void {
    this.#say(escapeControls(`${this.#prefix}${message}`));
  }

  warn(message: string): void {
    this.#say(`tsops: ${this.#paint('yellow', 'warning:')} ${escapeControls(`${this.#prefix}${message}`)}`);
  }

  /** Prints an error with its hints. */
  fail(error: TsopsError): void {
    if ((errorKinds[error.code] as ErrorKind).standsAlone) {
      this.#say(escapeControls(error.message));
      return;
    }
    const lines = messageLines(error);
    this.#say([`tsops: ${this.#paint('red', 'error:')} ${lines[0]}`, ...lines.slice(1)].join('\n'));
    for (const hint of error.hints) this.#say(`tsops: ${this.#paint('green', 'hint:')} ${escapeControls(hint)}`);
  }

  #say(text: string): void {
    hideBar();
    writeStderr(`${text}\n`);
  }
}

/** Below this many files nobody has to wait. */
const leastShown = 8;
const barWidth = 30;
let isBarShown = false;

function showBar(done: number, total: number): void {
  const filled = Math.round((done / total) * barWidth);
  writeStderr(`\r[${'#'.repeat(filled)}${' '.repeat(barWidth - filled)}] ${done}/${total}`);
  isBarShown = true;
}

/** Before anything else is written, and at the end. */
function hideBar(): void {
  if (isBarShown) writeStderr('\r\u001b[K');
  isBarShown = false;
}

/** The text of an error as it is shown: place, message, and the key path where the message does not name it. */
export function messageLines(error: TsopsError): string[] {
  const { path } = error.where;
  const shown = path === undefined || path.length === 0 ? '' : pathText(path);
  const suffix = shown !== '' && !error.message.includes(shown) ? ` (at ${shown})` : '';
  const [first = '', ...rest] = error.message.split('\n');
  return [`${placeText(error.where)}${first}${suffix}`, ...rest].map(escapeControls);
}

/** `file:line:column: `, as far as it is known. */
function placeText({ file, line, column, document }: Where): string {
  const place = [fileText(file), line, line === undefined ? undefined : column];
  const known = place.filter(part => part !== undefined).join(':');
  const inDocument = document !== undefined && document > 0 && line === undefined ? `document ${document + 1}: ` : '';
  return `${known === '' ? '' : `${known}: `}${inDocument}`;
}

function fileText(file: string | undefined): string | undefined {
  if (file === '') return '""';
  return file === '-' ? 'standard input' : file;
}

/** A key path in the spelling of `--extract`. */
function pathText(path: readonly (string | number)[]): string {
  return path.map(part => (typeof part === 'number' ? `[${part}]` : `["${part}"]`)).join('');
}

/** Secret keys, and identities of plugins, whose programs (`age-plugin-NAME`) are to be seen. */
const identity = /\bAGE-(?:(SECRET-KEY)-[0-9A-Z-]+|(PLUGIN)-[0-9A-Z+._-]+-1[0-9A-Z]+)/gi;

/**
 * Names and texts of a file must not command the terminal or pretend to be lines of ours. An age identity that was typed in the
 * wrong place (as a file, as a flag) must not end up in a log.
 */
export function escapeControls(text: string): string {
  const discreet = text.replace(identity, 'AGE-$1$2-(not shown)');
  return discreet.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    char => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/**
 * Whatever was thrown, as a TsopsError. The message of a foreign error is not shown: it may hold a part of a file. Its stack
 * names only places in the program.
 */
export function asTsopsError(error: unknown, verbose: boolean): TsopsError {
  if (error instanceof TsopsError) return error;
  if (isTooLarge(error)) {
    return new TsopsError('NOT_REPRESENTABLE', 'the content is too large to be worked on', {
      hints: ['Split the file, or encrypt it as a whole with --input-type binary.'],
    });
  }
  const kind = error instanceof Error ? error.constructor.name : typeof error;
  const stack = verbose && error instanceof Error ? stackLines(error) : [];
  return new TsopsError('INTERNAL', [`a check inside tsops failed (${kind})`, ...stack].join('\n'), {
    hints: ['This is a fault of tsops. Please report it with what --verbose shows, but without any secret.'],
  });
}

/** What JavaScript throws for a string of 2^29 characters, or an array of 2^32 elements. */
function isTooLarge(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Invalid (string|array|typed array) length|Cannot create a string longer)/.test(error.message)
  );
}

function stackLines(error: Error): string[] {
  return (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line));
}
