import { type DestinationStream, pino } from 'pino'

export type Log = ReturnType<typeof openLog>

/** JSON lines. Whatever is logged is named here or there by its author; these paths are the second fence. */
export const openLog = (level: string, to: DestinationStream = pino.destination(1)) =>
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

/**
 * A fault's words, without the values that a driver or a library hung on it (a query's parameters, a mail's envelope), or
 * that stand in the words themselves: where PostgreSQL can't read a value (class 22), it repeats it.
 */
export function describeFault(fault: unknown): { type?: string; message: string; stack?: string } {
  if (!(fault instanceof Error)) return { message: typeof fault }
  const { code, message } = fault as NodeJS.ErrnoException
  const isValue = 'severity' in fault && typeof code === 'string' && code.startsWith('22')
  const words = isValue ? `PostgreSQL could not read a value (SQLSTATE ${code})` : message
  const frames = fault.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []
  return {
    type: fault.name,
    message: words,
    // Not as `code`, which is never logged.
    ...(typeof code === 'string' && { fault_code: code }),
    stack: [`${fault.name}: ${words}`, ...frames].join('\n'),
  }
}
