/** Which leaves are encrypted. `docs/format.md` §5; sops 3.13.2 sops.go shouldBeEncrypted. */

/**
 * The one rule of a file. `none` is what binary files have in memory; a stored block without a rule means
 * `unencrypted_suffix: _unencrypted`.
 */
export type SelectionRule =
  | { readonly kind: 'none' }
  | {
      readonly kind:
        | 'unencryptedSuffix'
        | 'encryptedSuffix'
        | 'unencryptedRegex'
        | 'encryptedRegex'
        | 'unencryptedCommentRegex'
        | 'encryptedCommentRegex';
      readonly text: string;
    };

/** What sops assumes where neither the command line nor the creation rule nor the file names a rule. */
export const defaultSelection: SelectionRule = { kind: 'unencryptedSuffix', text: '_unencrypted' };
