/** A moment, in milliseconds since the Unix epoch. Core never reads a clock: moments are given to it. */
export type Instant = number
/** A length of time, in milliseconds. */
export type Duration = number

export const seconds = (count: number): Duration => count * 1000
export const minutes = (count: number): Duration => seconds(count * 60)
export const hours = (count: number): Duration => minutes(count * 60)
export const days = (count: number): Duration => hours(count * 24)
/** Longer than anything here lives. */
export const ever: Duration = days(36_500)
