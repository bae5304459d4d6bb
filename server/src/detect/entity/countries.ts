/**
 * Latitude and longitude of a country's middle, and a radius that holds nearly all of its people, in km. Only countries with much traffic;
 * of others nothing is said.
 */
const COUNTRIES: Readonly<Record<string, readonly [latitude: number, longitude: number, radiusKm: number]>> = {
  AE: [24, 54, 250],
  AR: [-34, -64, 1500],
  AT: [47.5, 14, 300],
  AU: [-27, 134, 2100],
  BD: [24, 90, 300],
  BE: [50.6, 4.6, 150],
  BG: [42.7, 25.3, 260],
  BR: [-12, -51, 2300],
  CA: [52, -96, 2700],
  CH: [46.8, 8.2, 180],
  CL: [-33, -71, 1800],
  CN: [34, 108, 2300],
  CO: [4.5, -73.5, 750],
  CZ: [49.8, 15.3, 260],
  DE: [51, 10.3, 450],
  DK: [56, 10.5, 250],
  EE: [58.7, 25.5, 170],
  EG: [28, 31, 650],
  ES: [40, -3.7, 650],
  FI: [63, 26, 600],
  FR: [46.6, 2.4, 550],
  GB: [53.5, -2, 550],
  GR: [38.5, 23.5, 450],
  HK: [22.35, 114.15, 40],
  HU: [47.1, 19.4, 260],
  ID: [-3, 115, 2500],
  IE: [53.2, -7.8, 230],
  IL: [31.6, 34.9, 230],
  IN: [22, 79, 1600],
  IT: [42.5, 12.5, 650],
  JP: [36, 138, 1300],
  KE: [0, 37.8, 500],
  KR: [36.3, 127.8, 280],
  LT: [55.3, 23.8, 200],
  LU: [49.7, 6.1, 50],
  LV: [56.9, 24.9, 220],
  MA: [32, -6.3, 700],
  MX: [23, -102, 1600],
  MY: [4, 109, 1100],
  NG: [9, 8, 650],
  NL: [52.2, 5.4, 170],
  NO: [64, 12, 1000],
  NZ: [-41, 173, 850],
  PE: [-9.5, -75, 1000],
  PH: [12, 122.5, 950],
  PK: [30, 69.5, 850],
  PL: [52, 19.3, 400],
  PT: [39.6, -8, 320],
  RO: [45.9, 25, 370],
  RS: [44, 20.9, 250],
  RU: [58, 70, 4500],
  SA: [24, 45, 950],
  SE: [62, 16.5, 850],
  SG: [1.35, 103.8, 30],
  SK: [48.7, 19.5, 220],
  TH: [14.5, 101, 850],
  TR: [39, 35, 850],
  TW: [23.7, 121, 220],
  UA: [49, 31.5, 700],
  US: [39, -97, 2600],
  VN: [16.5, 107, 900],
  ZA: [-29, 25, 900],
}
const EARTH_KM = 6371
const RADIANS = Math.PI / 180

/** Between two countries, less both radii; 0 where they may touch, or where one is not known. */
export function distanceKm(from: string, to: string): number {
  const [a, b] = [COUNTRIES[from], COUNTRIES[to]]
  if (!a || !b) return 0
  const [latitude, longitude] = [(b[0] - a[0]) * RADIANS, (b[1] - a[1]) * RADIANS]
  const half = Math.sin(latitude / 2) ** 2 + Math.cos(a[0] * RADIANS) * Math.cos(b[0] * RADIANS) * Math.sin(longitude / 2) ** 2
  return Math.max(0, 2 * EARTH_KM * Math.asin(Math.sqrt(half)) - a[2] - b[2])
}
