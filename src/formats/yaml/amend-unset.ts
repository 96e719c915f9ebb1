/** The patches that take an entry out of a YAML text with its own comments: those directly above it and behind it. */

import { lineEnd, lineStart, newlineOf, nextLine, type Patch } from './patch.ts';
import { countOf, endOf, linePatch, linesEnd, linesStart, type Place, sharesLine, startOf } from './place.ts';

/** Ways to take an entry out. The best one leaves no two blank lines where there was one on each side. */
export function* removals(place: Place): Generator<Patch[]> {
  const { container, index, stream } = place;
  if (container.flow) {
    yield flowRemoval(place);
  } else if (countOf(container) === 1) {
    yield emptied(place);
  } else if (sharesLine(stream, container, index)) {
    yield firstRemoval(place);
  } else {
    const { text } = stream;
    const [start, end] = [linesStart(stream, container, index), linesEnd(stream, container, index)];
    const below = nextLine(text, end);
    if (isBlankLine(text, end) && below < text.length && isBlankBefore(text, start))
      yield [linePatch(text, start, below, [])];
    yield [linePatch(text, start, end, [])];
  }
}

const isBlankLine = (text: string, at: number): boolean => text.slice(at, lineEnd(text, at)).trim() === '';

function isBlankBefore(text: string, start: number): boolean {
  const above = start - (text.startsWith('\r\n', start - 2) ? 2 : 1);
  return start <= 1 || isBlankLine(text, lineStart(text, above));
}

/** The first entry behind a dash: the next one moves up, unless it has comments above it. */
function firstRemoval({ container, index, stream: { text }, stream }: Place): Patch[] {
  const end = linesEnd(stream, container, index);
  const start = startOf(container, index);
  const next = startOf(container, index + 1);
  if (lineStart(text, next) === end) return [{ start, end: next, text: '' }];
  const before = text.slice(0, start).replace(/[ \t]+$/, '').length;
  return [{ start: before, end, text: newlineOf(text) }];
}

/** The last entry: `{}` or `[]` takes the place of the collection, or it would be null. */
function emptied({ container, index, stream, opener }: Place): Patch[] {
  const { text } = stream;
  const empty = container.kind === 'mapping' ? '{}' : '[]';
  const end = linesEnd(stream, container, index);
  if (sharesLine(stream, container, index)) {
    const start = startOf(container, index);
    const hasBreak = /[\r\n]$/.test(text.slice(start, end));
    return [{ start, end, text: hasBreak ? empty + newlineOf(text) : empty }];
  }
  const start = linesStart(stream, container, index);
  if (opener === undefined) return [linePatch(text, start, end, [empty])];
  const line = text.slice(opener, lineEnd(text, opener));
  const at = opener + (/^(?:[ \t]*[!&]\S*)*/.exec(line)?.[0].length ?? 0);
  return [{ start: at, end: at, text: ` ${empty}` }, linePatch(text, start, end, [])];
}

function flowRemoval(place: Place): Patch[] {
  const { container, index, stream } = place;
  const { text } = stream;
  const [start, end] = [startOf(container, index), endOf(container, index)];
  const isOwnLine = !sharesLine(stream, container, index) && lineStart(text, start) > container.start;
  const [, comma = ''] = /^[ \t]*(,?)[ \t]*(?:#.*)?$/.exec(text.slice(end, lineEnd(text, end))) ?? [undefined, '-'];
  if (isOwnLine && comma !== '-') return flowLines(place, comma === ',');
  if (index > 0) return [{ start: endOf(container, index - 1), end, text: '' }];
  if (countOf(container) > 1) return [{ start, end: startOf(container, 1), text: '' }];
  const [trailing = ''] = /^\s*,/.exec(text.slice(end)) ?? [];
  return [{ start, end: end + trailing.length, text: '' }];
}

/** An entry with lines of its own; without a comma behind it, that of the entry before goes. */
function flowLines({ container, index, stream }: Place, hasComma: boolean): Patch[] {
  const { text } = stream;
  const lines = linePatch(text, linesStart(stream, container, index), nextLine(text, endOf(container, index)), []);
  if (hasComma || index === 0) return [lines];
  const before = endOf(container, index - 1);
  const [lead = ''] = /^\s*,/.exec(text.slice(before)) ?? [];
  return lead === '' ? [lines] : [{ start: before, end: before + lead.length, text: '' }, lines];
}
