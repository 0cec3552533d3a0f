/**
 * Tells the operator of something that comes from outside and can't be read, each kind once: it comes with every request,
 * and whoever reads the log needs it once, with the setting to look at.
 */
export function openWarnings(warn: (about: object, text: string) => void) {
  const warned = new Set<string>()
  return function warnOnce(setting: string, seen: string | undefined, text: string): void {
    const kind = `${setting} ${text}`
    if (warned.has(kind)) return
    warned.add(kind)
    warn({ setting, seen: seen?.slice(0, 100) }, text)
  }
}
