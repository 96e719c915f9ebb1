/** dotenv files. `docs/format.md` §8; the line model is that of sops 3.13.2 stores/dotenv/store.go. */

import type { Format } from '../format.ts';
import { amend } from './amend.ts';
import { parseEncrypted, parsePlain } from './file.ts';
import { print, printNode } from './print.ts';

function parse(bytes: Uint8Array, stage: 'plain'): ReturnType<typeof parsePlain>;
function parse(bytes: Uint8Array, stage: 'encrypted'): ReturnType<typeof parseEncrypted>;
function parse(bytes: Uint8Array, stage: 'plain' | 'encrypted') {
  return stage === 'plain' ? parsePlain(bytes) : parseEncrypted(bytes);
}

export const dotenv: Format = { name: 'dotenv', extensions: ['.env'], parse, print, amend, printNode };
