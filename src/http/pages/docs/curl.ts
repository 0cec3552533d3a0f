import type { OpenApiOperation } from '../../api/openapi.ts'

/** The same request for a shell, ready to paste once $COUNTERSIGN_KEY, $ID and $CODE are set as in "Begin". */
export function curlOf(publicUrl: string, method: string, path: string, operation: OpenApiOperation): string {
  const content = operation.requestBody?.content['application/json']
  const lines = [
    method === 'get'
      ? `curl "${publicUrl}${path.replace('{id}', '$ID')}"`
      : `curl -X POST "${publicUrl}${path.replace('{id}', '$ID')}"`,
    '-H "Authorization: Bearer $COUNTERSIGN_KEY"',
    ...(content ? ["-H 'Content-Type: application/json'", `-d ${bodyOf(content.example)}`] : []),
  ]
  return lines.join(' \\\n  ')
}

/** What the reader has in a variable goes in as one. */
function bodyOf(example: object): string {
  if ('code' in example) return '"{\\"code\\":\\"$CODE\\"}"'
  return `'${JSON.stringify(example)}'`
}

/** From nothing to a checked code: each is pasted as it stands, one after the other, where `npm start` was run. */
export function firstSteps(publicUrl: string, inbox: boolean) {
  const field = (path: string) => `node -pe 'JSON.parse(fs.readFileSync(0)).${path}'`
  return [
    {
      title: 'Take your key',
      text: inbox
        ? 'The first start made one and kept it in data/first-run.json. countersign api-keys create makes others.'
        : 'countersign api-keys create <application> makes one, and shows it once.',
      shell: inbox
        ? `COUNTERSIGN_KEY=$(node -p "require('./data/first-run.json').api_key")`
        : 'COUNTERSIGN_KEY=csk_…',
    },
    {
      title: 'Send a code',
      text: 'Keep the id: it stands for this one attempt.',
      shell: `ID=$(curl -s "${publicUrl}/v1/verifications" \\
  -H "Authorization: Bearer $COUNTERSIGN_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"to":{"email":"ana@example.com"}}' | ${field('id')})`,
    },
    inbox
      ? {
          title: 'Read it',
          text: 'Here every message ends in the built-in inbox, which you can also open in a browser.',
          shell: `CODE=$(curl -s "${publicUrl}/inbox?to=ana@example.com" \\
  -H 'Accept: application/json' | ${field('messages[0].text.match(/[0-9]{3} [0-9]{3}/)[0]')})`,
        }
      : { title: 'Read it', text: 'Your user types what came to their mailbox.', shell: "CODE='048 213'" },
    {
      title: 'Check it',
      text: 'The answer says approved. A wrong code is answered with 422 and code_wrong, and says how many tries are left.',
      shell: `curl "${publicUrl}/v1/verifications/$ID/attempts" \\
  -H "Authorization: Bearer $COUNTERSIGN_KEY" \\
  -H 'Content-Type: application/json' \\
  -d "{\\"code\\":\\"$CODE\\"}"`,
    },
  ]
}
