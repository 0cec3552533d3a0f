import { pino } from 'pino'

export type Log = ReturnType<typeof openLog>

/** JSON lines. Whatever is logged is named here or there by its author; these paths are the second fence. */
export const openLog = (level: string) =>
  pino({
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
    serializers: { err: describeFault },
  })

/** A fault's words, without the values that a driver or a library hung on it (a query's parameters, a mail's envelope). */
export function describeFault(fault: unknown): object {
  if (!(fault instanceof Error)) return { message: typeof fault }
  const { code } = fault as NodeJS.ErrnoException
  return {
    type: fault.name,
    message: fault.message,
    ...(typeof code === 'string' && { code }),
    stack: fault.stack,
  }
}
