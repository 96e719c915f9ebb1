/** Which plugin a recipient or an identity is for: the name is part of its text. C2SP age-plugin, "Mapping recipients and identities". */

import { parseBech32 } from './bech32.ts';

/** What age allows in the name of a plugin: no path can be made of it. age 1.3 plugin/encode.go */
const namePattern = /^[a-z0-9+\-._]+$/;

/** The name of the plugin in `age1NAME1…`; undefined where the text is not one. */
export function recipientPlugin(text: string): string | undefined {
  return pluginName(text, 'age1', '');
}

/** The name of the plugin in `AGE-PLUGIN-NAME-1…`, in lower case; undefined where the text is not one. */
export function identityPlugin(text: string): string | undefined {
  return pluginName(text, 'AGE-PLUGIN-', '-');
}

function pluginName(text: string, before: string, after: string): string | undefined {
  const prefix = text.startsWith(before) ? parseBech32(text)?.prefix : undefined;
  if (!prefix?.endsWith(after)) return undefined;
  const name = prefix.slice(before.length, prefix.length - after.length);
  return namePattern.test(name) ? name : undefined;
}
