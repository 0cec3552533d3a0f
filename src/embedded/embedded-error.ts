/** A fault that whoever runs the service can mend; the message says what is wrong and the hint what to do. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(`${message}\n  ${hint}`)
    this.hint = hint
  }
}
