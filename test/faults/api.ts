/** What the API answered, or `undefined` where the connection broke or nobody listened: then anything may have happened. */
export type Answer = { status: number; body: Record<string, unknown>; headers: Headers } | undefined

export type Api = {
  issue(url: string, email: string, options?: { idempotencyKey?: string; length?: 6 | 8 }): Promise<Answer>
  attempt(url: string, id: string, code: string): Promise<Answer>
  resend(url: string, id: string): Promise<Answer>
  read(url: string, id: string): Promise<Answer>
}

export function openApi(key: string): Api {
  async function call(method: string, url: string, body?: object, headers: Record<string, string> = {}) {
    try {
      const response = await fetch(url, {
        method,
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      })
      return { status: response.status, body: await response.json(), headers: response.headers } as Answer
    } catch {
      return undefined
    }
  }
  return {
    issue: (url, email, { idempotencyKey, length } = {}) =>
      call(
        'POST',
        `${url}/v1/verifications`,
        { to: { email }, ...(length && { length }) },
        idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey },
      ),
    attempt: (url, id, code) => call('POST', `${url}/v1/verifications/${id}/attempts`, { code }),
    resend: (url, id) => call('POST', `${url}/v1/verifications/${id}/sends`),
    read: (url, id) => call('GET', `${url}/v1/verifications/${id}`),
  }
}
