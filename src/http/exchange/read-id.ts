const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** An id as it stands in an address or a form, in lower case; undefined where it is none. */
export const readId = (text: string | undefined): string | undefined =>
  text !== undefined && uuid.test(text) ? text : undefined

/** Which revision of its flow a form was shown at; a form without one belongs to none. */
export const readRevision = (text: string | undefined): number =>
  /^\d{1,9}$/.test(text ?? '') ? Number(text) : -1
