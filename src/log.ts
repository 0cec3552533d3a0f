import { type DestinationStream, pino } from 'pino'

export type Log = ReturnType<typeof openLog>

/** JSON lines. Whatever is logged is named here or there by its author; these paths are the second fence. */
export const openLog = (level: string, to: DestinationStream) =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: [
        '*.code',
        '*.password',
        '*.token',
        '*.secret',
        '*.authorization',
        '*.destination',
        '*.to',
        '*.sealed',
      ],
      // Most callers have described it already.
      serializers: { err: (fault) => (fault instanceof Error ? describeFault(fault) : fault) },
    },
    to,
  )

/** For commands, which say what they have to say by themselves. */
export const openSilentLog = (): Log => openLog('silent', { write() {} })

/** A fault's words, without the values that a driver or a library hung on it (a query's parameters, a mail's envelope). */
export function describeFault(fault: unknown): object {
  if (!(fault instanceof Error)) return { message: typeof fault }
  const { code } = fault as NodeJS.ErrnoException
  return {
    type: fault.name,
    message: fault.message,
    // Not as `code`, which is never logged.
    ...(typeof code === 'string' && { fault_code: code }),
    stack: fault.stack,
  }
}
