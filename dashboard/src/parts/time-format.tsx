import { createContext, useContext } from 'react'
import { timeFormat, type TimeFormat } from '../format/time.ts'

const TimeFormatContext = createContext<TimeFormat>(timeFormat('utc'))

export const TimeFormatProvider = TimeFormatContext.Provider

/** How this page writes times: in the zone that the reader chose. */
export function useTimeFormat(): TimeFormat {
  return useContext(TimeFormatContext)
}
