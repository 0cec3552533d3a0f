let common: Promise<ReadonlySet<string>> | undefined

/**
 * Tells whether a whole password is one of the 49,000 that are tried first. The list is read when it is first needed:
 * most processes of a day never see a password chosen.
 */
export async function commonPasswords(): Promise<(password: string) => boolean> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common']),
  )
  const list = await common
  return (password) => list.has(password.toLowerCase())
}
