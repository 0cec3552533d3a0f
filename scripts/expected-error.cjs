'use strict'

/** Something the reader of the terminal can mend: shown as a sentence, without a stack. */
exports.expectedError = (message) => Object.assign(new Error(message), { expected: true })
