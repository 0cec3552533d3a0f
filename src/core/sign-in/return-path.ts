/**
 * Where to go after signing in: a path of this service and nothing else. Whatever a browser could take for another
 * origin (`//host`, `/\host`, control characters, a scheme) is no path, and is dropped.
 */
export function returnPath(asked: string | undefined): string | undefined {
  if (asked === undefined || asked.length > 1000) return undefined
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(asked) || asked.includes('\\')) return undefined
  const origin = 'http://here.invalid'
  if (!URL.canParse(asked, origin)) return undefined
  const url = new URL(asked, origin)
  if (url.origin !== origin || url.pathname.startsWith('//')) return undefined
  return `${url.pathname}${url.search}`
}
