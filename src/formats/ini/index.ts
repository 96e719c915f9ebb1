/** INI files. `docs/format.md` §8; the reading is that of gopkg.in/ini.v1 as sops 3.13.2 stores/ini/store.go uses it. */

import type { Format } from '../format.ts';
import { amend } from './amend.ts';
import { parseEncrypted, parsePlain } from './file.ts';
import { print, printNode } from './print.ts';

function parse(bytes: Uint8Array, stage: 'plain'): ReturnType<typeof parsePlain>;
function parse(bytes: Uint8Array, stage: 'encrypted'): ReturnType<typeof parseEncrypted>;
function parse(bytes: Uint8Array, stage: 'plain' | 'encrypted') {
  return stage === 'plain' ? parsePlain(bytes) : parseEncrypted(bytes);
}

export const ini: Format = { name: 'ini', extensions: ['.ini'], parse, print, amend, printNode };
