/** Everything that can be wrong with a YAML text, in plain words, and what to do about it. */

import { TsopsError } from '../../errors.ts';

interface Problem {
  readonly what: string;
  readonly hint: string;
}

const problem = (what: string, hint: string): Problem => ({ what, hint });
const indentation = 'Indent with spaces, and give all keys of one mapping and all dashes of one list the same column.';
const quoting = 'Put the value in quotes if these characters are part of it.';

const problems = {
  keyWithoutColon: problem(
    'a mapping key is expected here, but no ":" follows it on the same line',
    'Write "key: value"; a key must end within its line and within 1024 characters.',
  ),
  entryNotAllowed: problem('a list item ("- ") may not stand here', 'Start the list on a line of its own.'),
  keyNotAllowed: problem('a "? " key may not stand here', 'Start the mapping on a line of its own.'),
  valueNotAllowed: problem(
    'a ": " may not stand here',
    'Put the value in quotes if it contains ": ", or start the mapping on a line of its own.',
  ),
  tooDeep: problem('the nesting is deeper than 10000 levels', 'Flatten the file.'),
  badStart: problem(
    'no value can start with this character',
    `A tab cannot indent, and @, \` and % are reserved. ${quoting}`,
  ),
  doubleMark: problem('a second byte order mark stands at the start of the file', 'Remove one of them.'),
  unknownDirective: problem('only the directives %YAML and %TAG are known', quoting),
  badDirective: problem('the directive is not well formed', 'Write "%YAML 1.1" or "%TAG !handle! prefix".'),
  badVersion: problem('only YAML version 1.1 may be declared', 'Remove the %YAML line, or write %YAML 1.1.'),
  twoVersions: problem('the document has two %YAML directives', 'Remove one of them.'),
  twoHandles: problem('the document declares the same tag handle twice', 'Remove one of the %TAG lines.'),
  badAnchor: problem(
    'the name of an anchor or alias is not well formed',
    'Names of anchors are made of letters, digits, "_" and "-". Put the value in quotes if it starts with & or *.',
  ),
  badTag: problem(
    'the tag is not well formed',
    'A tag ends with a blank. Put the value in quotes if it starts with "!".',
  ),
  unknownHandle: problem('the handle of the tag is not declared', 'Declare it with a %TAG directive before the "---".'),
  zeroIndicator: problem('the indentation of a block scalar cannot be 0', 'Use 1 to 9, or leave the digit out.'),
  blockHeader: problem('only a comment may follow the header of a block scalar', 'Start the text on the next line.'),
  blockTab: problem('a tab stands where the block scalar must be indented with spaces', indentation),
  plainTab: problem('a tab stands where the continued value must be indented with spaces', indentation),
  quotedMark: problem(
    'a document marker stands inside a quoted value',
    'Close the quotes before it, or indent the line.',
  ),
  quotedEnd: problem('the quoted value does not end', 'Add the closing quote.'),
  badEscape: problem('this escape does not exist in YAML', 'Double the backslash, or use single quotes.'),
  badCode: problem(
    'the escape does not name a character',
    'Write \\xHH, \\uHHHH or \\UHHHHHHHH with hexadecimal digits.',
  ),
  documentStart: problem(
    'a new document must start with "---" here',
    `The document ended before this line. ${indentation}`,
  ),
  nodeContent: problem('a value is missing here', quoting),
  blockKey: problem('a key or the end of the mapping is expected here', indentation),
  blockDash: problem('a "-" or the end of the list is expected here', indentation),
  flowSequence: problem('a "," or "]" is expected here', 'Close the list that was opened with "[".'),
  flowMapping: problem('a "," or "}" is expected here', 'Close the mapping that was opened with "{".'),
  flowEnd: problem('the list or mapping that starts here does not end', 'Add the closing bracket.'),
  unknownAlias: problem(
    'no anchor of this name stands before the alias',
    'Put the value in quotes if it starts with "*".',
  ),
  aliasInside: problem('the alias stands inside the value that it names', 'A value cannot contain itself.'),
  duplicateKey: problem('the same key stands twice in one mapping', 'Remove or rename one of the two.'),
} as const satisfies Record<string, Problem>;

export type ProblemName = keyof typeof problems;

/** The error for a place; line and column count from 0 here, from 1 in the error. */
export function syntaxError(name: ProblemName, line: number, column: number, key?: string): TsopsError {
  const { what, hint } = problems[name];
  const place = { line: line + 1, column: column + 1, hints: [hint] };
  return new TsopsError('FILE_SYNTAX', what, key === undefined ? place : { ...place, path: [key] });
}
