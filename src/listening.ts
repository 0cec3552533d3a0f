/** The machine doesn't let us listen where the settings say. The message says which setting, and what to do. */
export class CannotListen extends Error {}

type Place = { names: readonly [port: string, host: string]; port: number; host: string }

/** A fault of listening in words; any other as it is. */
export function whyNotListening(fault: unknown, { names: [portName, hostName], port, host }: Place): unknown {
  switch ((fault as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new CannotListen(
        `${portName} ${port} on ${host} is in use by another program. Set ${portName} to another port.`,
      )
    case 'EACCES':
      return new CannotListen(
        `${portName} ${port} is not open to this user. Set ${portName} above 1023, behind a reverse proxy.`,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new CannotListen(
        `${hostName} ${host} is no address of this machine. Set ${hostName} to 127.0.0.1, or to 0.0.0.0 for all of its addresses.`,
      )
    default:
      return fault
  }
}

/** What all of these come to; several that can't listen are told at once. */
export async function allListening<Servers extends readonly unknown[]>(
  starting: readonly [...{ [Index in keyof Servers]: Promise<Servers[Index]> }],
): Promise<Servers> {
  const outcomes = await Promise.allSettled(starting)
  const faults = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  const other = faults.find((fault) => !(fault instanceof CannotListen))
  if (other !== undefined) throw other
  if (faults.length > 0) throw new CannotListen(faults.map(({ message }) => message).join('\n'))
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined)) as never
}
