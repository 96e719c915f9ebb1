/** The part of the package that is used: it has no declarations of its own. */
declare module 'bcrypt-pbkdf' {
  const bcrypt: {
    /** OpenBSD's bcrypt_pbkdf; fills `key` and gives 0, or gives -1 where an argument is outside its bounds. */
    pbkdf(
      passphrase: Uint8Array,
      passphraseLength: number,
      salt: Uint8Array,
      saltLength: number,
      key: Uint8Array,
      keyLength: number,
      rounds: number,
    ): number;
  };
  export default bcrypt;
}
