import { openSmtp } from '../../src/delivery/smtp.ts'
import { codeMail, sender, terms } from '../support/code-mails.ts'

// A worker of its own for smtp-deadline.test.ts, so that it can be stopped in the middle of sending.
const [port, deadline] = process.argv.slice(2)
const smtp = openSmtp({ url: `smtp://127.0.0.1:${port}`, from: sender })
console.log(JSON.stringify(await smtp.send(codeMail('ana@example.org'), terms(Number(deadline)))))
await smtp.close()
