/**
 * What a profile of the user's AWS configuration offers, by the names of its settings alone: enough to choose the source of
 * credentials and to say what is missing. The SDK reads the values. https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */

import { join } from 'node:path';
import type { KeyContext } from './provider.ts';

/** Where the user's AWS configuration stands; a path is undefined where there is no home folder. */
export interface AwsFiles {
  readonly config: string | undefined;
  readonly credentials: string | undefined;
}

export function awsFiles({ env, homeDir }: KeyContext): AwsFiles {
  const inHome = (name: string) => (homeDir === undefined ? undefined : join(homeDir, '.aws', name));
  return {
    config: env('AWS_CONFIG_FILE') || inHome('config'),
    credentials: env('AWS_SHARED_CREDENTIALS_FILE') || inHome('credentials'),
  };
}

/** How a profile comes to credentials. */
export type ProfileSource = 'role' | 'keys' | 'web identity' | 'process' | 'sso' | 'login' | 'none';

/**
 * How the profile of this name comes to credentials; undefined where neither file has it.
 * @throws TsopsError where a file is there but cannot be read
 */
export async function profileSource(name: string, context: KeyContext): Promise<ProfileSource | undefined> {
  const files = awsFiles(context);
  const inConfig = settingsOf(
    await textOf(files.config, context),
    name === 'default' ? [name, 'profile default'] : [`profile ${name}`],
  );
  const inCredentials = settingsOf(await textOf(files.credentials, context), [name]);
  if (inConfig === undefined && inCredentials === undefined) return undefined;
  const settings = new Set([...(inConfig ?? []), ...(inCredentials ?? [])]);
  return sourceOf(settings);
}

/** In the order of the SDK's fromIni. */
function sourceOf(settings: ReadonlySet<string>): ProfileSource {
  const isRole = settings.has('role_arn') && (settings.has('source_profile') || settings.has('credential_source'));
  if (isRole) return 'role';
  if (settings.has('aws_access_key_id')) return 'keys';
  if (settings.has('web_identity_token_file')) return 'web identity';
  if (settings.has('credential_process')) return 'process';
  if (settings.has('sso_session') || settings.has('sso_start_url')) return 'sso';
  return settings.has('login_session') ? 'login' : 'none';
}

async function textOf(path: string | undefined, context: KeyContext): Promise<string> {
  const bytes = path === undefined ? undefined : await context.readFile(path);
  return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');
}

/** The names of the settings in a section, or undefined where there is no such section. */
function settingsOf(text: string, sections: readonly string[]): Set<string> | undefined {
  let found: Set<string> | undefined;
  let inside = false;
  for (const line of text.split('\n').map(withoutComment)) {
    if (line.startsWith('[') && line.endsWith(']')) {
      const title = line.slice(1, -1).trim().replaceAll(/["']/g, '').replaceAll(/\s+/g, ' ');
      inside = sections.includes(title);
      if (inside) found ??= new Set();
    } else if (inside && line.includes('=')) found?.add(line.slice(0, line.indexOf('=')).trim());
  }
  return found;
}

function withoutComment(line: string): string {
  const at = line.search(/(?:^|\s)[;#]/);
  return (at < 0 ? line : line.slice(0, at)).trim();
}
