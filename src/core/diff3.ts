/** Three-way merge of lists of lines (or of anything with a text of its own): what each side changed against a common base. */

/** A stretch of `a` that stands as another stretch in `b`. */
interface Hunk {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

/** Lines that both sides agree on, or what each has in a place that both changed. */
export type Chunk =
  | { readonly kind: 'agreed'; readonly lines: readonly string[] }
  | { readonly kind: 'conflict'; readonly base: Lines; readonly ours: Lines; readonly theirs: Lines };

type Lines = readonly string[];

interface Range {
  readonly a: number;
  readonly aEnd: number;
  readonly b: number;
  readonly bEnd: number;
}

/** The largest table of a longest common subsequence; what is larger and has no unique lines counts as changed. */
const maxTable = 250_000;

/** Where two lists differ. Lines that are unique in both anchor the rest (patience), so that time grows with the length. */
export function differences(a: Lines, b: Lines): Hunk[] {
  const pairs: [number, number][] = [];
  const open: Range[] = [{ a: 0, aEnd: a.length, b: 0, bEnd: b.length }];
  for (let range = open.pop(); range !== undefined; range = open.pop()) open.push(...matched(a, b, range, pairs));
  pairs.sort((one, other) => one[0] - other[0]);
  const hunks: Hunk[] = [];
  let [aStart, bStart] = [0, 0];
  for (const [aEnd, bEnd] of [...pairs, [a.length, b.length] as const]) {
    if (aEnd > aStart || bEnd > bStart) hunks.push({ aStart, aEnd, bStart, bEnd });
    [aStart, bStart] = [aEnd + 1, bEnd + 1];
  }
  return hunks;
}

/** Notes down pairs of equal lines; gives the ranges between anchors that are still to be looked at. */
function matched(a: Lines, b: Lines, range: Range, pairs: [number, number][]): Range[] {
  let { a: from, aEnd: to, b: bFrom, bEnd: bTo } = range;
  while (from < to && bFrom < bTo && a[from] === b[bFrom]) pairs.push([from++, bFrom++]);
  while (from < to && bFrom < bTo && a[to - 1] === b[bTo - 1]) pairs.push([--to, --bTo]);
  if (from === to || bFrom === bTo) return [];
  const anchors = anchorsOf(a, b, { a: from, aEnd: to, b: bFrom, bEnd: bTo });
  if (anchors.length === 0) {
    if ((to - from) * (bTo - bFrom) <= maxTable) pairs.push(...subsequence(a, b, from, to, bFrom, bTo));
    return [];
  }
  const gaps: Range[] = [];
  for (const [x, y] of anchors) {
    pairs.push([x, y]);
    gaps.push({ a: from, aEnd: x, b: bFrom, bEnd: y });
    [from, bFrom] = [x + 1, y + 1];
  }
  gaps.push({ a: from, aEnd: to, b: bFrom, bEnd: bTo });
  return gaps;
}

/** The longest run of lines, unique in both ranges, that stand in the same order. */
function anchorsOf(a: Lines, b: Lines, range: Range): [number, number][] {
  const inA = uniques(a, range.a, range.aEnd);
  const inB = uniques(b, range.b, range.bEnd);
  const candidates: { readonly x: number; readonly y: number; before: number }[] = [];
  for (const [line, x] of inA) {
    const y = inB.get(line) ?? -1;
    if (x >= 0 && y >= 0) candidates.push({ x, y, before: -1 });
  }
  candidates.sort((one, other) => one.x - other.x);
  const ends: number[] = [];
  for (const [index, candidate] of candidates.entries()) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((candidates[ends[middle]!]?.y ?? 0) < candidate.y) low = middle + 1;
      else high = middle;
    }
    candidate.before = ends[low - 1] ?? -1;
    ends[low] = index;
  }
  const found: [number, number][] = [];
  for (let at = candidates[ends.at(-1) ?? -1]; at !== undefined; at = candidates[at.before]) found.push([at.x, at.y]);
  return found.reverse();
}

/** Where each line stands; -1 for one that stands there twice. */
function uniques(lines: Lines, from: number, to: number): Map<string, number> {
  const found = new Map<string, number>();
  for (let at = from; at < to; at++) found.set(lines[at]!, found.has(lines[at]!) ? -1 : at);
  return found;
}

function subsequence(a: Lines, b: Lines, from: number, to: number, bFrom: number, bTo: number): [number, number][] {
  const width = bTo - bFrom + 1;
  const table = new Uint32Array((to - from + 1) * width);
  const cell = (x: number, y: number): number => (x - from) * width + (y - bFrom);
  for (let x = to - 1; x >= from; x--)
    for (let y = bTo - 1; y >= bFrom; y--)
      table[cell(x, y)] =
        a[x] === b[y] ? table[cell(x + 1, y + 1)]! + 1 : Math.max(table[cell(x + 1, y)]!, table[cell(x, y + 1)]!);
  const found: [number, number][] = [];
  for (let [x, y] = [from, bFrom]; x < to && y < bTo; ) {
    if (a[x] === b[y]) found.push([x++, y++]);
    else if (table[cell(x + 1, y)]! >= table[cell(x, y + 1)]!) x++;
    else y++;
  }
  return found;
}

/** The merge, chunk by chunk. Changes that only touch each other are both made; two insertions in one place are a conflict. */
export function merge3(base: Lines, ours: Lines, theirs: Lines): Chunk[] {
  const sides = [differences(base, ours), differences(base, theirs)] as const;
  const at = [0, 0];
  const shift = [0, 0];
  const chunks: Chunk[] = [];
  let done = 0;
  const next = (side: 0 | 1): Hunk | undefined => sides[side][at[side]!];
  for (;;) {
    const [one, other] = [next(0), next(1)];
    const first = one === undefined || (other !== undefined && comesBefore(other, one)) ? other : one;
    if (first === undefined) break;
    const start = first.aStart;
    let end = first.aEnd;
    const isChanged = [false, false];
    const before = [start + shift[0]!, start + shift[1]!];
    for (let grown = true; grown; ) {
      grown = false;
      for (const side of [0, 1] as const) {
        const hunk = next(side);
        if (hunk === undefined || !(hunk === first || overlaps(start, end, hunk))) continue;
        end = Math.max(end, hunk.aEnd);
        shift[side] = hunk.bEnd - hunk.aEnd;
        isChanged[side] = grown = true;
        at[side]!++;
      }
    }
    chunks.push({ kind: 'agreed', lines: base.slice(done, start) });
    const mine = ours.slice(before[0], end + shift[0]!);
    const others = theirs.slice(before[1], end + shift[1]!);
    if (isChanged[0] && isChanged[1] && !sameLines(mine, others))
      chunks.push({ kind: 'conflict', base: base.slice(start, end), ours: mine, theirs: others });
    else chunks.push({ kind: 'agreed', lines: isChanged[0] ? mine : others });
    done = end;
  }
  chunks.push({ kind: 'agreed', lines: base.slice(done) });
  return chunks.filter(chunk => chunk.kind === 'conflict' || chunk.lines.length > 0);
}

/** An insertion comes before what replaces the lines behind it. */
const comesBefore = (a: Hunk, b: Hunk): boolean => a.aStart < b.aStart || (a.aStart === b.aStart && a.aEnd < b.aEnd);

function overlaps(start: number, end: number, hunk: Hunk): boolean {
  if (hunk.aStart === hunk.aEnd && start === end) return hunk.aStart === start;
  return hunk.aStart < end && start < hunk.aEnd;
}

const sameLines = (a: Lines, b: Lines): boolean => a.length === b.length && a.every((line, index) => line === b[index]);
