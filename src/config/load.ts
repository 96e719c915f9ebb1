/** `.sops.yaml` from bytes: the first YAML document, with the place of everything. */

import { TsopsError } from '../errors.ts';
import { decodeYaml, parseYaml } from '../formats/yaml/parser.ts';
import type { YamlStream } from '../formats/yaml/syntax.ts';
import { readFileBounded } from '../host/files.ts';
import type { Config } from './entries.ts';
import type { FoundConfig } from './find.ts';
import { ConfigReader } from './reading.ts';
import { readConfig } from './schema.ts';

export type { Config } from './entries.ts';

const maxBytes = 4 * 1024 * 1024;

/**
 * Reads a configuration.
 * @param path absolute; rules are relative to its folder, and errors and warnings name it
 * @throws TsopsError CONFIG_INVALID with file, line and column
 * @see docs/config.md
 */
export function parseConfig(bytes: Uint8Array, path: string): Config {
  const reader = new ConfigReader(path);
  const { documents } = parseText(bytes, path);
  const second = documents[1];
  if (second !== undefined) reader.warn(second.root, 'only the first YAML document of a configuration is used');
  return readConfig(documents[0]?.root, reader);
}

function parseText(bytes: Uint8Array, file: string): YamlStream {
  try {
    return parseYaml(decodeYaml(bytes).text);
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    throw new TsopsError('CONFIG_INVALID', error.message, { ...error.where, file, hints: error.hints });
  }
}

/**
 * The configuration at the place that was found; its warnings include those of finding it.
 * @throws TsopsError CONFIG_INVALID, also where the file is missing or cannot be read (exit status 1, as in sops)
 */
export async function loadConfig(found: FoundConfig): Promise<Config> {
  const config = parseConfig(await readConfigFile(found.path), found.path);
  return { ...config, warnings: [...found.warnings, ...config.warnings] };
}

async function readConfigFile(path: string): Promise<Uint8Array> {
  try {
    return await readFileBounded(path, { maxBytes });
  } catch (error) {
    if (!(error instanceof TsopsError)) throw error;
    throw new TsopsError('CONFIG_INVALID', `the configuration cannot be used: ${error.message}`, {
      file: path,
      hints: ['Check the path given with --config or SOPS_CONFIG, and the permissions of the file.'],
    });
  }
}
