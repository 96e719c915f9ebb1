/**
 * The subset of Go's regular expressions that the engine of JavaScript may run: same answer, linear time.
 *
 * The pattern is read here and written anew for the engine, so that nothing rests on the two dialects looking alike:
 * every set of characters is spelled out, matching is by code points (`u`), and of the captures only the grouping is kept.
 * Linear time: at most one unbounded loop, only over single characters and only where the match is tied to the start of
 * the text; the number of ways through everything else is bounded. All else is left to re2js.
 */

/** Longest pattern, in UTF-16 code units: the engine compiles at the first match and has a limit of its own. */
const maxTextLength = 1000;

/** Ways through a pattern that an engine may have to try at one start position. */
const maxWays = 256;

/** A piece of a pattern, written for the engine of JavaScript, and what trying it may cost. */
interface Piece {
  readonly source: string;
  readonly ways: number;
  readonly loops: number;
  /** Whether a match can only begin at the start of the text. */
  readonly tied: boolean;
  /** What may stand instead at the loose end of an unanchored search: `x*` there is nothing, `x+` is `x`. */
  readonly atLooseEnd?: Piece | undefined;
}

const nothing: Piece = { source: '', ways: 1, loops: 0, tied: false };
const textStart: Piece = { source: '^', ways: 1, loops: 0, tied: true };
const textEnd: Piece = { source: '$', ways: 1, loops: 0, tied: false };

/** Sets of `\d`, `\s`, `\w` in RE2: ASCII only, and `\s` is without vertical tab. */
const perlSets = new Map([
  ['d', '0-9'],
  ['s', '\\t\\n\\f\\r\\u{20}'],
  ['w', '0-9A-Za-z_'],
]);
const controls = new Map([
  ['t', '\\t'],
  ['n', '\\n'],
  ['r', '\\r'],
  ['f', '\\f'],
  ['v', '\\v'],
]);

/** The pattern for the engine of JavaScript, to be tried at index 0 only if sticky; undefined where it is not of the subset. */
export function simplePattern(text: string): RegExp | undefined {
  if (text.length > maxTextLength) return undefined;
  const reader: Reader = { chars: [...text], at: 0 };
  const whole = readAlternatives(reader, 0);
  if (whole === undefined || reader.at < reader.chars.length) return undefined;
  if (whole.ways > maxWays || whole.loops > (whole.tied ? 1 : 0)) return undefined;
  return new RegExp(whole.source, whole.tied ? 'uy' : 'u');
}

interface Reader {
  readonly chars: readonly string[];
  at: number;
}

function readAlternatives(reader: Reader, depth: number): Piece | undefined {
  const branches: Piece[] = [];
  do {
    const pieces = readBranch(reader, depth);
    if (pieces === undefined) return undefined;
    branches.push(joined(depth === 0 ? withoutLooseEnds(pieces) : pieces));
  } while (skip(reader, '|'));
  return alternatives(branches);
}

function readBranch(reader: Reader, depth: number): Piece[] | undefined {
  const pieces: Piece[] = [];
  for (;;) {
    const char = reader.chars[reader.at];
    if (char === undefined || char === '|' || (char === ')' && depth > 0)) return pieces;
    const piece = char === '(' ? readGroup(reader, depth) : readAtom(reader);
    if (piece === undefined) return undefined;
    pieces.push(piece);
  }
}

/** Limits depth so that hostile nesting costs no stack. */
function readGroup(reader: Reader, depth: number): Piece | undefined {
  reader.at += 1;
  if (skip(reader, '?') && !skip(reader, ':')) return undefined;
  if (depth >= 20) return undefined;
  const body = readAlternatives(reader, depth + 1);
  if (body === undefined || !skip(reader, ')')) return undefined;
  const group = { ...body, source: `(?:${body.source})` };
  const quantifier = reader.chars[reader.at];
  if (quantifier === '*' || quantifier === '+' || quantifier === '{') return undefined;
  return skip(reader, '?') ? endQuantifier(reader, optional(group)) : group;
}

function readAtom(reader: Reader): Piece | undefined {
  const anchor = readAnchor(reader);
  const set = anchor === undefined ? readSet(reader) : undefined;
  if (anchor === undefined && set === undefined) return undefined;
  const quantifier = reader.chars[reader.at];
  if (anchor !== undefined) return isQuantifier(quantifier) ? undefined : anchor;
  return readQuantifier(reader, { source: set ?? '', ways: 1, loops: 0, tied: false }, quantifier);
}

function readQuantifier(reader: Reader, set: Piece, quantifier: string | undefined): Piece | undefined {
  if (!isQuantifier(quantifier)) return set;
  if (quantifier === '{') return undefined;
  reader.at += 1;
  if (quantifier === '?') return endQuantifier(reader, optional(set));
  const atLooseEnd = quantifier === '*' ? nothing : set;
  return endQuantifier(reader, { source: set.source + quantifier, ways: 1, loops: 1, tied: false, atLooseEnd });
}

/** Greed does not change whether there is a match. A second quantifier is for re2js to refuse. */
function endQuantifier(reader: Reader, piece: Piece): Piece | undefined {
  skip(reader, '?');
  return isQuantifier(reader.chars[reader.at]) ? undefined : piece;
}

function readAnchor(reader: Reader): Piece | undefined {
  if (skip(reader, '^')) return textStart;
  if (skip(reader, '$')) return textEnd;
  if (reader.chars[reader.at] !== '\\') return undefined;
  const escaped = reader.chars[reader.at + 1];
  if (escaped !== 'A' && escaped !== 'z') return undefined;
  reader.at += 2;
  return escaped === 'A' ? textStart : textEnd;
}

/** One character or set, as the engine reads it; undefined for what is not of the subset. */
function readSet(reader: Reader): string | undefined {
  const char = reader.chars[reader.at];
  if (char === undefined || isQuantifier(char) || char === ')') return undefined;
  if (char === '[') return readClass(reader);
  if (char === '\\') return readEscape(reader, members => `[${members}]`);
  reader.at += 1;
  return char === '.' ? '[^\\n]' : spelled(char);
}

function readClass(reader: Reader): string | undefined {
  reader.at += 1;
  const sign = skip(reader, '^') ? '^' : '';
  const members: string[] = [];
  for (let first = true; first || reader.chars[reader.at] !== ']'; first = false) {
    const member = readMember(reader);
    if (member === undefined) return undefined;
    members.push(member);
  }
  reader.at += 1;
  return `[${sign}${members.join('')}]`;
}

/** A character or a range. A bare `-` is taken first and last only, the other places are left to re2js. */
function readMember(reader: Reader): string | undefined {
  const { chars } = reader;
  const low = chars[reader.at];
  if (low === undefined) return undefined;
  if (low === '\\') return chars[reader.at + 2] === '-' ? undefined : readEscape(reader, members => members);
  if (low === '[' && chars[reader.at + 1] === ':') return undefined;
  reader.at += 1;
  if (chars[reader.at] !== '-' || chars[reader.at + 1] === ']') return spelled(low);
  const high = chars[reader.at + 1];
  if (low === '-' || high === undefined || '-[\\'.includes(high) || codePoint(high) < codePoint(low)) return undefined;
  reader.at += 2;
  return chars[reader.at] === '-' && chars[reader.at + 1] !== ']' ? undefined : `${spelled(low)}-${spelled(high)}`;
}

function readEscape(reader: Reader, enclose: (members: string) => string): string | undefined {
  const escaped = reader.chars[reader.at + 1];
  if (escaped === undefined) return undefined;
  const perlSet = perlSets.get(escaped);
  const literal = controls.get(escaped) ?? (isPunctuation(escaped) ? spelled(escaped) : undefined);
  if (perlSet === undefined && literal === undefined) return undefined;
  reader.at += 2;
  return perlSet === undefined ? literal : enclose(perlSet);
}

/** RE2 takes any ASCII character that is no letter and no digit behind a backslash as itself. */
function isPunctuation(char: string): boolean {
  return codePoint(char) < 0x80 && !/[0-9A-Za-z]/u.test(char);
}

function spelled(char: string): string {
  return /[0-9A-Za-z]/u.test(char) ? char : `\\u{${codePoint(char).toString(16)}}`;
}

function codePoint(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function isQuantifier(char: string | undefined): boolean {
  return char === '*' || char === '+' || char === '?' || char === '{';
}

function skip(reader: Reader, char: string): boolean {
  if (reader.chars[reader.at] !== char) return false;
  reader.at += 1;
  return true;
}

function optional(piece: Piece): Piece {
  return { source: `${piece.source}?`, ways: piece.ways + 1, loops: piece.loops, tied: false };
}

function joined(pieces: readonly Piece[]): Piece {
  return {
    source: pieces.map(piece => piece.source).join(''),
    ways: pieces.reduce((ways, piece) => Math.min(ways * piece.ways, maxWays + 1), 1),
    loops: pieces.reduce((loops, piece) => loops + piece.loops, 0),
    tied: pieces[0]?.tied ?? false,
  };
}

function alternatives(branches: readonly Piece[]): Piece {
  return {
    source: branches.map(branch => branch.source).join('|'),
    ways: branches.reduce((ways, branch) => Math.min(ways + branch.ways, maxWays + 1), 0),
    loops: branches.reduce((loops, branch) => Math.max(loops, branch.loops), 0),
    tied: branches.every(branch => branch.tied),
  };
}

/** A search that begins anywhere finds `.*x` where it finds `x`, and `x+y` where it finds `xy`; likewise at its end. */
function withoutLooseEnds(pieces: readonly Piece[]): Piece[] {
  const rest = [...pieces];
  while (rest[0]?.atLooseEnd === nothing) rest.shift();
  while (rest.at(-1)?.atLooseEnd === nothing) rest.pop();
  return rest.map((piece, index) => (index === 0 || index === rest.length - 1 ? (piece.atLooseEnd ?? piece) : piece));
}
