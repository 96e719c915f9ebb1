import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FormatName } from '../formats/format.ts';
import { joinTexts } from './join.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function joined(parts: readonly (readonly [FormatName, string | Uint8Array])[]): string {
  const stream = joinTexts(parts.map(([format]) => format));
  return parts
    .map(([format, text]) => Buffer.from(stream.next(typeof text === 'string' ? bytes(text) : text, format)).toString())
    .join('');
}

describe('joinTexts', () => {
  for (const [name, parts, expected] of [
    ['one text', [['ini', '[a]\nb = 1']], '[a]\nb = 1'],
    [
      'markers are put between',
      [
        ['yaml', 'a: 1\n'],
        ['yaml', 'b: 2\n'],
      ],
      'a: 1\n---\nb: 2\n',
    ],
    [
      'a missing line end is added',
      [
        ['yaml', 'a: 1'],
        ['yaml', 'b: 2'],
      ],
      'a: 1\n---\nb: 2\n',
    ],
    [
      'a marker that is there does',
      [
        ['yaml', 'a: 1\n'],
        ['yaml', '# c\n\n---\nb: 2\n'],
      ],
      'a: 1\n# c\n\n---\nb: 2\n',
    ],
    [
      'a text like a marker is none',
      [
        ['yaml', 'a: 1\n'],
        ['yaml', '---b: 2\n'],
      ],
      'a: 1\n---\n---b: 2\n',
    ],
    [
      'directives',
      [
        ['yaml', 'a: 1\n'],
        ['yaml', '%YAML 1.1\n---\nb: 2\n'],
      ],
      'a: 1\n...\n%YAML 1.1\n---\nb: 2\n',
    ],
    [
      'Windows line ends',
      [
        ['yaml', 'a: 1\r\n'],
        ['yaml', '\r\n---\r\nb: 2\r\n'],
      ],
      'a: 1\r\n\r\n---\r\nb: 2\r\n',
    ],
    [
      'comments alone add no document',
      [
        ['yaml', 'a: 1\n'],
        ['yaml', '# c\n'],
      ],
      'a: 1\n# c\n',
    ],
    [
      'JSON among YAML',
      [
        ['json', '{"a": 1}\n'],
        ['yaml', 'b: 2\n'],
      ],
      '---\n{"a": 1}\n---\nb: 2\n',
    ],
    [
      'JSON alone',
      [
        ['json', '{"a": 1}'],
        ['json', '{"b": 2}\n'],
      ],
      '{"a": 1}\n{"b": 2}\n',
    ],
    [
      'dotenv',
      [
        ['dotenv', 'A=1'],
        ['dotenv', 'B=2\n'],
      ],
      'A=1\nB=2\n',
    ],
    [
      'a byte order mark',
      [
        ['yaml', 'a: 1\n'],
        ['yaml', '\ufeffb: 2\n'],
      ],
      'a: 1\n---\nb: 2\n',
    ],
    [
      'UTF-16',
      [
        ['yaml', 'a: 1\n'],
        ['yaml', Buffer.from('\ufeffb: ü\n', 'utf16le')],
      ],
      'a: 1\n---\nb: ü\n',
    ],
  ] as const) {
    test(name, () => assert.equal(joined(parts), expected));
  }

  for (const formats of [
    ['ini', 'ini'],
    ['yaml', 'dotenv'],
    ['binary', 'yaml'],
  ] as const) {
    test(`${formats.join(' and ')} are no stream`, () =>
      assert.throws(() => joinTexts(formats), { code: 'NOT_REPRESENTABLE' }));
  }
});
