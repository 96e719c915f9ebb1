/** Small damage to generated files: most of what comes out is odd, and much of it still valid. */

import type { SelectionRule } from '../../src/index.ts';
import { type Chooser, generate } from './generate.ts';

/** Pieces that changed the meaning of a file somewhere once: comments in every place, ends of lines, aliases, block headers. */
const pieces = [
  '# comment\n',
  ' # comment',
  '\n# alpha\n',
  '  # x\n',
  '#\n',
  '\n\n',
  '\r\n',
  '\r',
  '\t',
  '  ',
  '- ',
  '? ',
  ': ',
  '|-\n',
  '>+\n',
  '|2\n',
  '&a ',
  '*a',
  '<<: *a\n',
  '!!str ',
  '!!int ',
  '!x ',
  '---\n',
  '...\n# c\n',
  '{a: 1, # c\n b: 2}',
  '[1, # c\n 2]',
  '[]',
  '{}',
  '\u0085',
  '\u2028',
  '😀',
  '\\',
  'null',
  'a: b\n',
  '  - y\n',
  'key: >+\n  text\n  ',
  'a: &a {x: 1, # c\n y: 2}\nb: *a # comment\n',
  'k:\n- a\n# - b\n',
  'k: # c\n  - v\n',
  '? # c\n  k\n: v\n',
  'ENC[AES256_GCM,x]',
  '"": 1\n',
  '"a\\nb": c\n',
  '`',
  '"""',
  ';',
  '[s]\n',
  'k=v\n',
];

const whole: readonly ((text: string) => string)[] = [
  text => text.replaceAll('\n', '\r\n'),
  text => text.replace(/\r?\n/, '\r\n'),
  text => text.replace(/\n+$/, ''),
  text => `${text}  `,
  text => text.replaceAll('\n', '\r'),
  text => text.replace(/^(?=.)/gm, '  '),
  text => `${text}---\n${text}`,
  text => `---\n---\n${text}`,
  text => `---\n${text}...\n`,
  text => `top:\n${text.replace(/^(?=.)/gm, '    ').replace(/^ {4}/, '  - ')}`,
];

/** A generated file with one to three changes; `chooser` decides which. */
export function mutated(format: 'yaml' | 'dotenv' | 'ini', chooser: Chooser): Uint8Array {
  let text = new TextDecoder().decode(generate(format, chooser.below(2 ** 30)));
  for (let i = 0; i < 1 + chooser.below(3); i++) text = changed(text, chooser);
  return new TextEncoder().encode(text);
}

function changed(text: string, chooser: Chooser): string {
  const at = chooser.below(text.length + 1);
  const kind = chooser.below(8);
  if (kind < 3) return text.slice(0, at) + chooser.pick(pieces) + text.slice(at);
  if (kind === 3) return text.slice(0, at) + text.slice(at + 1 + chooser.below(3));
  if (kind === 4) return chooser.pick(whole)(text);
  const lines = text.split(/(?<=\n)/);
  const line = chooser.below(lines.length);
  if (kind === 5) lines.splice(line, 1);
  else if (kind === 6) lines.splice(line, 0, lines[chooser.below(lines.length)] ?? '');
  else lines[line] = (lines[line] ?? '').replace(/\n$/, chooser.pick([' # behind\n', '   \n', '\t# t\n', '\n\n']));
  return lines.join('');
}

const rules: readonly SelectionRule[] = [
  { kind: 'unencryptedSuffix', text: '_unencrypted' },
  { kind: 'unencryptedSuffix', text: 'a' },
  { kind: 'encryptedSuffix', text: 'd' },
  { kind: 'unencryptedRegex', text: '^[a-m]' },
  { kind: 'encryptedRegex', text: 'key|user|b' },
  { kind: 'unencryptedCommentRegex', text: 'omment|alpha' },
  { kind: 'encryptedCommentRegex', text: 'omment|alpha' },
];

export const ruleFrom = (chooser: Chooser): SelectionRule => chooser.pick(rules);
